"""Callers of LocalStack and the REST proxy: no web page of another site is one, nobody by an unknown name."""

import json
from itertools import product
from pathlib import Path

import httpx
import psutil
import pytest

from bench.chromium import missing
from common.api import invoke_url
from common.settings import Settings
from services.rest_proxy.records import JSON_TYPE
from tests.e2e.browser import Browser
from tests.integration.api_gateway.gateway import JSON, KEPT, STOLEN, keys
from tests.integration.foreign_page import Request, other_site
from tests.integration.rest_proxy.proxy import new_topic, read_all, running_proxy
from tests.kinesis_records import records, stream_names
from tests.servers import IN_CONTAINERS


def hostile(bucket: str, invoke_path: str, stream: str, topic: str) -> list[Request]:
    """Requests that write or delete; those without a preflight first."""
    plain = {"method": "POST", "mode": "no-cors", "headers": {"Content-Type": "text/plain"}}
    kinesis = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.DeleteStream"}
    put = {"Data": 1, "PartitionKey": "1"}
    return [
        Request(f"/{bucket}", {"method": "POST", "mode": "no-cors", "form": {"key": STOLEN, "file": "x"}}),
        Request(
            f"/{bucket}?delete", {**plain, "body": f"<Delete><Object><Key>{KEPT}</Key></Object></Delete>"}
        ),
        Request(f"{invoke_path}/streams/{stream}-new", {"method": "POST", "mode": "no-cors"}),
        Request(f"/{bucket}/{STOLEN}", {"method": "PUT", "body": "x"}),
        Request(f"/{bucket}/{KEPT}", {"method": "DELETE"}),
        Request("/", {"method": "POST", "headers": kinesis, "body": json.dumps({"StreamName": stream})}),
        Request(f"{invoke_path}/streams/{stream}", {"method": "DELETE"}),
        Request(
            f"{invoke_path}/streams/{stream}/record",
            {"method": "PUT", "headers": JSON, "body": json.dumps(put)},
        ),
        Request(
            f"{invoke_path}/topics/{topic}",
            {"method": "POST", "headers": {"Content-Type": JSON_TYPE}, "body": '{"records": [{"value": 1}]}'},
        ),
    ]


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_web_page_of_another_site_changes_nothing(
    kafka: Settings, user: Settings, bucket: str, stream: str
) -> None:
    topic, path = new_topic(kafka), invoke_url(user).removeprefix(user.aws.endpoint_url)
    requests = hostile(bucket, path, stream, topic)
    with other_site() as page, other_site() as careless, Browser() as browser:
        page.send_to([careless.url, user.aws.endpoint_url], requests)
        browser.open_until(f"{page.url}/page", "done")
        # What the browser sends to a server that takes it from anybody.
        assert {(r.options["method"], r.path) for r in requests} <= careless.taken
    assert keys(user, bucket) == [KEPT]
    streams = stream_names(user)
    assert (stream in streams, f"{stream}-new" in streams) == (True, False)
    assert records(user, stream, 0) == []
    assert read_all(kafka, topic) == {}


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_web_page_of_another_site_writes_nothing_through_the_rest_proxy_itself(
    kafka: Settings, tmp_path: Path
) -> None:
    topic = new_topic(kafka)
    with running_proxy(kafka, tmp_path, PIN_BATCH_TOPIC=topic, PIN_STREAMING_TOPIC=topic) as proxy:
        body = '{"records": [{"value": 1}]}'
        requests = [
            Request(f"/topics/{topic}", {"method": "POST", "mode": "no-cors", "body": body}),
            Request(
                f"/topics/{topic}", {"method": "POST", "headers": {"Content-Type": JSON_TYPE}, "body": body}
            ),
            Request("/pin/", {"method": "POST", "mode": "no-cors", "body": "{}"}),
        ]
        with other_site() as page, Browser() as browser:
            page.send_to([proxy.settings.rest_proxy.url], requests)
            browser.open_until(f"{page.url}/page", "done")
        assert read_all(kafka, topic) == {}
        # The page of its own is of its own site.
        with Browser() as browser:
            browser.open_until(f"{proxy.settings.rest_proxy.url}/docs", "REST proxy - Swagger UI")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:9", "null", "https://app.localstack.cloud"]
)
def test_localstack_refuses_another_origin_everywhere(user: Settings, bucket: str, origin: str) -> None:
    path = invoke_url(user).removeprefix(user.aws.endpoint_url)
    urls = [
        f"/{bucket}",
        f"/{bucket}/{KEPT}",
        f"{path}/streams",
        f"{path}/topics",
        "/",
        "/_localstack/health",
    ]
    with httpx.Client(base_url=user.aws.endpoint_url, headers={"Origin": origin}, timeout=60) as page:
        for url, method in product(urls, ("GET", "POST", "PUT", "DELETE", "OPTIONS")):
            assert page.request(method, url).status_code == 403, (method, url)
    assert keys(user, bucket) == [KEPT]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "s3.evil.example", "evil.execute-api.evil.example"]
)
def test_localstack_refuses_an_unknown_name_and_says_which_setting_knows_more(
    user: Settings, host: str
) -> None:
    path = invoke_url(user).removeprefix(user.aws.endpoint_url)
    with httpx.Client(base_url=user.aws.endpoint_url, headers={"Host": host}, timeout=60) as page:
        for url, method in product(
            ["/", f"{path}/streams", "/_localstack/health"], ("GET", "POST", "DELETE")
        ):
            answer = page.request(method, url)
            assert (answer.status_code, "ALLOWED_HOSTS" in answer.json()["message"]) == (421, True)


def test_localstack_is_called_by_all_of_its_names(user: Settings, bucket: str) -> None:
    api, stage = invoke_url(user).rsplit("/", 2)[1:]
    names = {
        f"localhost:{user.localstack.port}": f"/{bucket}/{KEPT}",
        "localstack:4566": f"/{bucket}/{KEPT}",
        "127.0.0.1": f"/{bucket}/{KEPT}",
        "[::1]:4566": f"/{bucket}/{KEPT}",
        f"{bucket}.s3.localhost.localstack.cloud:4566": f"/{KEPT}",
        f"{api}.execute-api.localhost.localstack.cloud:4566": f"/{stage}/streams",
    }
    with httpx.Client(base_url=user.aws.endpoint_url, timeout=60) as client:
        for name, path in names.items():
            assert client.get(path, headers={"Host": name}).status_code == 200, name


def test_s3_takes_what_hadoop_says_of_itself(user: Settings, bucket: str) -> None:
    """S3A's Referer ("Auditing" of Hadoop's documentation) is no page's, whose own would be refused."""
    with httpx.Client(base_url=user.aws.endpoint_url, timeout=60) as client:
        answers = {
            site: client.get(f"/{bucket}/{KEPT}", headers={"Referer": f"https://{site}/hadoop/1/op_open/"})
            for site in ("audit.example.org", "evil.example")
        }
    assert {site: answer.status_code for site, answer in answers.items()} == {
        "audit.example.org": 200,
        "evil.example": 403,
    }


@pytest.mark.skipif(IN_CONTAINERS, reason="only LocalStack's own port is published by its container")
def test_kinesis_own_port_answers_no_preflight(user: Settings) -> None:
    folder = str(user.state_dir / "localstack")
    [kinesis] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(folder) and word.endswith("main.js") for word in process.info["cmdline"] or [])
    ]
    ports = {each.laddr.port for each in kinesis.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert ports
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for port in ports:
        with pytest.raises(httpx.TransportError):
            httpx.options(f"http://127.0.0.1:{port}/", headers=asked, timeout=60)
