"""Host and Origin of a request: which callers are known, and which web page is another site's."""

import pytest

from common.hosts import Foreign, names, refusal


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4566",
        "localhost:8082",
        "LocalHost:8082",
        "localhost.",
        "[::1]:4566",
        "172.18.0.5:4566",  # a container's, by which no name is meant
        "localstack:4566",
        "rest-proxy:8082",
        "localhost.localstack.cloud:4566",
        "0a1b2c3d4e.execute-api.localhost.localstack.cloud:4566",
        "user-0a1b2c3d4e5f-bucket.s3.localhost.localstack.cloud:4566",
        "user-0a1b2c3d4e5f-bucket.s3.us-east-1.localhost.localstack.cloud",
        "bucket.localhost:4566",
    ],
)
def test_names_of_this_machine_and_addresses_are_known(host: str) -> None:
    assert refusal(host, None) is None
    assert refusal(host, f"http://{host}") is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4566",
        "localhost.evil.example",
        "evillocalhost",
        "evil-localhost.localstack.cloud",
        "127.0.0.1.nip.io",
        "127.0.0.1.evil.example:80",
        "localstack.evil.example",
        "localstack.cloud",
        "evil.localstack",
        "localhost@evil.example",
        "localhost/evil.example",
        "[evil]",
        "[::1].evil.example",
        ".localhost.evil.example",
        "127.1",
        "2130706433",
        "",
        ":4566",
        "\xe9",
    ],
)
def test_any_other_name_is_refused_and_the_setting_is_named(host: str) -> None:
    refused = refusal(host, f"http://{host}")
    assert refused
    assert refused[0] is Foreign.HOST
    assert "ALLOWED_HOSTS" in refused[1]


def test_further_names_are_known_by_the_setting() -> None:
    more = names(" Proxy.example.org , .lab.example.org,, ")
    assert more == ("proxy.example.org", ".lab.example.org")
    for host in ("proxy.example.org:8082", "a.lab.example.org", "a.b.lab.example.org", "localhost"):
        assert refusal(host, None, more) is None
    for host in ("example.org", "x.proxy.example.org", "lab.example.org", "evillab.example.org"):
        assert refusal(host, None, more)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:9999",
        "http://localhost",
        "http://127.0.0.1:4566",
        "https://app.localstack.cloud",
        "http://user@localhost:4566",
        "null",
        "file://",
        "",
        "http://[",
        "localhost:4566",
    ],
)
def test_another_origin_is_refused(origin: str) -> None:
    refused = refusal("localhost:4566", origin)
    assert refused
    assert refused[0] is Foreign.ORIGIN


@pytest.mark.parametrize("origin", ["http://localhost:4566", "https://LOCALHOST:4566", None])
def test_the_same_origin_and_programs_are_not(origin: str | None) -> None:
    assert refusal("localhost:4566", origin) is None
