"""The table of errors, how each is answered and documented, and a record's own error."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaError
from fastapi import FastAPI

from services.rest_proxy.app import create_app
from services.rest_proxy.errors import MEDIA_TYPE, ApiError, ErrorCode, answer_api_error, responses
from services.rest_proxy.records import ANY_PARTITION
from services.rest_proxy.results import Entry, ProduceResponse, encode, failed, too_large
from services.rest_proxy.topics import Topics
from stack.local.isolated import make_settings


class Client:
    """Asks the application itself, without a server and without Kafka."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app, self.url = app, url

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=self.url) as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(answer())


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("services.rest_proxy.delivery.Producer", lambda _: None)
    monkeypatch.setattr("services.rest_proxy.topics.AdminClient", lambda _: None)
    settings = make_settings(tmp_path)
    return Client(create_app(settings), settings.rest_proxy.url)


def test_a_code_begins_with_its_status_and_is_unique() -> None:
    assert {error.name: error.status for error in ErrorCode if error.code != error.status} == {
        "TOPIC_NOT_FOUND": 404,
        "PARTITION_NOT_FOUND": 404,
        "UNSUPPORTED_TYPE": 415,
        "KAFKA_ERROR": 500,
        "KAFKA_RETRIABLE": 500,
        "OVERLOADED": 503,
        "KAFKA_UNAVAILABLE": 503,
    }
    assert len({error.code for error in ErrorCode}) == len(ErrorCode)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (KafkaError._MSG_TIMED_OUT, 50003),
        (KafkaError._TRANSPORT, 50003),
        (KafkaError._DESTROY, 50003),
        (KafkaError.NOT_ENOUGH_REPLICAS, 50003),
        (KafkaError._FATAL, 50003),
        (KafkaError._UNKNOWN_PARTITION, 50002),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, 50002),
        (KafkaError.MSG_SIZE_TOO_LARGE, 50002),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, 50002),
    ],
)
def test_only_what_may_succeed_later_is_retriable(code: int, expected: int) -> None:
    entry = failed(KafkaError(code), partition=2)
    assert (entry.error_code, entry.partition, entry.offset) == (expected, None, None)
    assert entry.error


@pytest.mark.parametrize("code", [KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART])
def test_a_partition_that_the_client_had_not_asked_for_is_retriable_when_it_is_gone(code: int) -> None:
    assert failed(KafkaError(code), ANY_PARTITION).error_code == 50003
    assert failed(KafkaError(code), partition=0).error_code == 50002


def test_the_answer_has_every_field_of_the_contract() -> None:
    answer = json.loads(encode(ProduceResponse([Entry(1, 42), too_large(11, 10)])))
    assert answer == {
        "offsets": [
            {"partition": 1, "offset": 42, "error_code": None, "error": None},
            {
                "partition": None,
                "offset": None,
                "error_code": 50002,
                "error": "Key and value have 11 bytes; the limit is 10",
            },
        ],
        "key_schema_id": None,
        "value_schema_id": None,
    }


def test_an_unknown_path_is_404(client: Client) -> None:
    answer = client.ask("GET", "/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, MEDIA_TYPE)
    assert answer.json() == {"error_code": 404, "message": "No such path."}
    assert "allow" not in answer.headers


@pytest.mark.parametrize(("path", "allowed"), [("/topics/x", "GET, POST"), ("/pin/", "POST"), ("/", "GET")])
def test_another_method_is_405_with_those_of_all_the_paths_routes(
    client: Client, path: str, allowed: str
) -> None:
    answer = client.ask("DELETE", path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json() == {"error_code": 405, "message": "The path does not have this method."}


def test_a_refused_request_is_answered_with_what_is_wrong_and_the_errors_headers(client: Client) -> None:
    answer = client.ask("POST", "/topics/x", {"Content-Type": "text/plain"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, MEDIA_TYPE)
    assert answer.json()["error_code"] == 41501
    assert answer.json()["message"].startswith("Content-Type is 'text/plain'; expected application/")
    assert "retry-after" not in answer.headers
    headers = {"Content-Type": "application/vnd.kafka.json.v2+json", "Content-Encoding": "br"}
    answer = client.ask("POST", "/topics/x", headers)
    assert (answer.json()["error_code"], answer.headers["accept-encoding"]) == (415, "gzip, identity")


def test_what_is_worth_trying_again_says_when() -> None:
    error = ApiError(ErrorCode.OVERLOADED, "full", 0, {"X-More": "1"})
    answer = asyncio.run(answer_api_error(None, error))  # type: ignore[arg-type] # the request is not read
    assert (answer.status_code, json.loads(bytes(answer.body))) == (
        503,
        {"error_code": 50301, "message": "full"},
    )
    assert (answer.headers["retry-after"], answer.headers["x-more"]) == ("0", "1")


def test_a_fault_of_the_proxy_is_500_without_its_trace(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Topics, "metadata", lambda _: 1 / 0)
    answer = client.ask("GET", "/topics")
    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert answer.json() == {"error_code": 500, "message": "A fault of the proxy; its log has the trace."}


def test_errors_of_one_status_are_documented_together() -> None:
    documented = responses(ErrorCode.OVERLOADED, ErrorCode.TOPIC_NOT_FOUND, ErrorCode.KAFKA_UNAVAILABLE)
    assert {status: each["description"] for status, each in documented.items()} == {
        503: (
            "50301: Too much is in flight; nothing of this request was written. "
            "50302: Kafka does not answer; nothing of this request was written."
        ),
        404: "40401: The topic does not exist; topics are never created by a request.",
    }
    for each in documented.values():
        schema = each["content"][MEDIA_TYPE]["schema"]
        assert {name: field["type"] for name, field in schema["properties"].items()} == {
            "error_code": "integer",
            "message": "string",
        }
        assert schema["required"] == ["error_code", "message"]
