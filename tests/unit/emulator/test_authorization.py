"""Test what the emulator shows an API that asks who sends: its key, a signature by AWS's keys, or neither."""

import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from pydantic import ValidationError

from common.settings import Settings, explain
from emulator.authorization import NoAwsKeysError, authorization
from emulator.destination_sender import Api, DestinationSender
from emulator.formats import FORMATS, Route
from stack.local.isolated import make_settings
from tests.aws_keys import hide_credentials
from tests.source_rows import source_row
from tests.unit.emulator.scripted_proxy import PATHS, Proxy, Reply, Request

KEY, SECRET, REGION = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "eu-west-2"
API_KEY = "made-up-key-of-20-chars"
SIGNED = {"API_SIGNED": True, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION}


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hide_credentials(monkeypatch, tmp_path)


def _settings(folder: Path, **values: object) -> Settings:
    return make_settings(folder, AWS_ENDPOINT_URL="", **values)


def _sent(proxy: Proxy, settings: Settings, route: Route) -> list[Request]:
    """Return the requests that came for two posts, of which the server did not take the first at once."""
    proxy.script = [Reply(status=503)]
    notes: list[str] = []
    api = Api(urllib3.PoolManager(), proxy.url, 60, threading.Event(), authorization(settings))
    sender = DestinationSender(
        api, PATHS[route], FORMATS[route], lambda _acknowledged, _failed, note: notes.append(note)
    )
    sender.submit([source_row("user", 1)])
    sender.submit([source_row("user", 2)])
    sender.finish()
    assert sender.counts.acknowledged == 2
    told = repr((notes, sender.counts, api))
    assert "HTTP 503" in told
    assert not [secret for secret in (API_KEY, SECRET) if secret in told]
    return proxy.requests


def _signature(request: Request, secret: str = SECRET) -> str:
    """Return what botocore signs the request with as it came, at its time."""
    signed = _authorization(request)["SignedHeaders"].split(";")
    own = {name: value for name, value in request.headers.items() if name.lower() in signed}
    asked = AWSRequest(request.method, request.url, headers=own, data=request.body)
    asked.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials(KEY, secret), "execute-api", REGION)
    return signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)


def _authorization(request: Request) -> Mapping[str, str]:
    algorithm, _, rest = request.headers["Authorization"].partition(" ")
    assert algorithm == "AWS4-HMAC-SHA256"
    return dict(part.split("=", 1) for part in rest.split(", "))


@pytest.mark.parametrize("route", ["batch", "stream"])
def test_an_api_that_asks_for_nothing_is_shown_nothing(tmp_path: Path, proxy: Proxy, route: Route) -> None:
    for request in _sent(proxy, _settings(tmp_path), route):
        assert not {"x-api-key", "authorization"} & {name.lower() for name in request.headers}


@pytest.mark.parametrize("route", ["batch", "stream"])
def test_the_key_is_in_each_request(tmp_path: Path, proxy: Proxy, route: Route) -> None:
    requests = _sent(proxy, _settings(tmp_path, API_KEY=API_KEY), route)
    assert [request.headers["x-api-key"] for request in requests] == [API_KEY] * 3
    assert not [request for request in requests if "Authorization" in request.headers]


@pytest.mark.parametrize("route", ["batch", "stream"])
@pytest.mark.parametrize("key", ["", API_KEY], ids=["signed", "signed with a key"])
def test_each_request_is_signed_as_it_comes(tmp_path: Path, proxy: Proxy, route: Route, key: str) -> None:
    for request in _sent(proxy, _settings(tmp_path, API_KEY=key, **SIGNED), route):
        said = _authorization(request)
        day = request.headers["X-Amz-Date"][:8]
        assert said["Credential"] == f"{KEY}/{day}/{REGION}/execute-api/aws4_request"
        assert {"host", "content-type", "x-amz-date"} <= {*said["SignedHeaders"].split(";")}
        assert said["Signature"] == _signature(request)
        assert said["Signature"] != _signature(request, "another")
        assert said["Signature"] != _signature(request._replace(body=b"{}"))
        assert request.headers.get("x-api-key", "") == key
        assert urlsplit(request.url).port == proxy.server_port


def test_temporary_keys_bring_their_session_token(tmp_path: Path, proxy: Proxy) -> None:
    settings = _settings(tmp_path, AWS_SESSION_TOKEN="a+b/c=", **SIGNED)
    for request in _sent(proxy, settings, "batch"):
        assert request.headers["X-Amz-Security-Token"] == "a+b/c="
        assert "x-amz-security-token" in _authorization(request)["SignedHeaders"]


def test_without_keys_the_profile_of_aws_own_tools_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: Proxy
) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for request in _sent(proxy, _settings(tmp_path, API_SIGNED=True, AWS_REGION=REGION), "batch"):
        assert _authorization(request)["Signature"] == _signature(request)


def test_without_any_keys_the_message_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(NoAwsKeysError, match=r"API_SIGNED=true: .* Set AWS_PROFILE, or both keys, in \.env"):
        authorization(_settings(tmp_path, API_SIGNED=True))


@pytest.mark.parametrize("key", ["with a blank", "two\nlines", "é"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, API_KEY=key)
    assert explain(caught.value) == (
        "API_KEY: should be letters, digits and signs of ASCII, without blanks. Correct it in .env."
    )
