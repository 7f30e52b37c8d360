"""`POST /pin/` over real HTTP: one post in two topics of a real Kafka, or an error that says what went wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from common.settings import Settings
from common.wait import wait_until
from tests.integration.rest_proxy.proxy import (
    ANSWER_SECONDS,
    Proxy,
    end_offsets,
    new_topic,
    read_all,
    running_proxy,
)
from tests.kafka_clients import as_user

MOST_BYTES = 100_000
# Bytes that a careless reader would change: number formats, escapes, blanks, a key given twice.
POST = '{ "index": 7528, "title": "é😀\\u00e9 \\"quoted\\"", "n": 12345678901234567890123, "f": 1.10, "f": -0 }\n'


@pytest.fixture(scope="module")
def proxy(kafka: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    values = {
        "PIN_BATCH_TOPIC": new_topic(kafka),
        "PIN_STREAMING_TOPIC": new_topic(kafka),
        "REST_PROXY_MAX_RECORD_BYTES": MOST_BYTES,
    }
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy"), **values) as proxy:
        yield proxy


def pin(proxy: Proxy, body: bytes, content_type: str = "application/json") -> httpx.Response:
    return proxy.client.post("/pin/", content=body, headers={"Content-Type": content_type})


def written(proxy: Proxy) -> list[int]:
    """Return how many records each of the two topics has."""
    names = (proxy.settings.rest_proxy.pin_batch_topic, proxy.settings.rest_proxy.pin_streaming_topic)
    return [sum(end_offsets(proxy.settings, name).values()) for name in names]


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_a_post_is_in_both_topics_byte_for_byte(proxy: Proxy, content_type: str) -> None:
    answer = pin(proxy, POST.encode(), content_type)
    assert answer.status_code == 200, answer.text
    places = answer.json()["offsets"]
    assert [place["topic"] for place in places] == [
        proxy.settings.rest_proxy.pin_batch_topic,
        proxy.settings.rest_proxy.pin_streaming_topic,
    ]
    for place in places:
        message = read_all(proxy.settings, place["topic"])[place["partition"], place["offset"]]
        assert (message.key(), message.value()) == (None, POST.encode())


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"", "application/json", 422, 422),
        (b"[]", "application/json", 422, 422),
        (b'"text"', "application/json", 422, 422),
        (b"null", "application/json", 422, 422),
        (b'{"a": ', "application/json", 400, 400),
        (b'{"a": NaN}', "application/json", 400, 400),
        (b'{"a": "\xff"}', "application/json", 400, 400),
        (b"{} {}", "application/json", 400, 400),
        (b"{}", "text/plain", 415, 41501),
        (b"{}", "application/vnd.kafka.json.v2+json", 415, 41501),
        (b'{"a": "' + b"x" * MOST_BYTES + b'"}', "application/json", 413, 413),
    ],
)
def test_what_is_refused_is_written_nowhere(
    proxy: Proxy, body: bytes, content_type: str, status: int, code: int
) -> None:
    before = written(proxy)
    answer = pin(proxy, body, content_type)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert written(proxy) == before


def test_other_methods_and_paths(proxy: Proxy) -> None:
    refused = proxy.client.get("/pin/")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert proxy.client.post("/pin", json={}).status_code == 404


def test_without_one_of_the_topics_nothing_is_written(kafka: Settings, tmp_path: Path) -> None:
    values = {"PIN_BATCH_TOPIC": new_topic(kafka), "PIN_STREAMING_TOPIC": "pin-test-nowhere"}
    with running_proxy(kafka, tmp_path, **values) as proxy:
        answer = pin(proxy, POST.encode())
        assert (answer.status_code, answer.json()["error_code"]) == (404, 40401)
        assert "pin-test-nowhere" in answer.json()["message"]
        assert sum(end_offsets(kafka, values["PIN_BATCH_TOPIC"]).values()) == 0


def test_a_topic_that_refuses_the_post_is_an_error_not_a_200(kafka: Settings, tmp_path: Path) -> None:
    narrow = new_topic(kafka)
    resource = ConfigResource(ResourceType.TOPIC, narrow)
    resource.add_incremental_config(
        ConfigEntry("max.message.bytes", "100", incremental_operation=AlterConfigOpType.SET)
    )
    admin = AdminClient(as_user(kafka))
    admin.incremental_alter_configs([resource])[resource].result()
    values = {"PIN_BATCH_TOPIC": new_topic(kafka), "PIN_STREAMING_TOPIC": narrow}
    with running_proxy(kafka, tmp_path, **values) as proxy:
        answer = pin(proxy, POST.encode())
        assert (answer.status_code, answer.json()["error_code"]) == (500, 50002), answer.text
        assert answer.json()["message"].startswith(f"{narrow}: ")
        assert written(proxy) == [1, 0]


def test_kafka_away_is_503_with_retry_after(kafka: Settings, tmp_path: Path) -> None:
    with running_proxy(kafka, tmp_path, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9") as proxy:
        wait_until(lambda: proxy.health()[0] == 503, timeout=ANSWER_SECONDS, what="the proxy to notice")
        answer = pin(proxy, json.dumps({}).encode())
        assert (answer.status_code, answer.json()["error_code"]) == (503, 50302)
        assert int(answer.headers["Retry-After"]) > 0
