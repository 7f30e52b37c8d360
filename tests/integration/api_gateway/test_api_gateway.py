"""The REST API of a real LocalStack, before a real REST proxy and Kafka, and before LocalStack's Kinesis."""

import gzip
import json
import zlib
from typing import Any
from uuid import uuid4

import httpx
import pytest

from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES
from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE
from tests.integration.api_gateway.gateway import JSON, TEXTS, put_records, status_of
from tests.integration.rest_proxy.proxy import new_topic, places, read_all
from tests.kinesis_records import records

RECORDS = b'{"records": [{"data": 1, "partition-key": "1"}]}'


def test_streams_are_listed_made_described_and_deleted(api: httpx.Client, user: Settings) -> None:
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}", json={"StreamName": name, "ShardCount": 2}).status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=60, what=f"{name} to be active")
    description = api.get(f"/streams/{name}").json()["StreamDescription"]
    assert (description["StreamName"], len(description["Shards"])) == (name, 2)
    listed = api.get("/streams").json()["StreamNames"]
    assert {name, *map(user.stream, TABLES)} <= set(listed)
    assert api.delete(f"/streams/{name}").status_code == 200
    wait_until(
        lambda: name not in api.get("/streams").json()["StreamNames"], timeout=60, what=f"{name} to be gone"
    )


def test_a_stream_has_one_shard_where_none_are_asked_for(api: httpx.Client) -> None:
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}").status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=60, what=f"{name} to be active")
    assert len(api.get(f"/streams/{name}").json()["StreamDescription"]["Shards"]) == 1
    api.delete(f"/streams/{name}")


def test_put_record_keeps_the_value(api: httpx.Client, user: Settings, stream: str) -> None:
    values: list[Any] = [
        {"index": 7528, "title": "é😀 \"quoted\" 'single' back\\slash\n", "n": 12345678901234567890123},
        [1, None, {"a": {}}],
        "text",
        0,
        False,
    ]
    for value in values:
        body = {"StreamName": "another, the path decides", "Data": value, "PartitionKey": 'key "1" é'}
        answer = api.put(f"/streams/{stream}/record", json=body)
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) >= {"SequenceNumber", "ShardId"}
    found = records(user, stream, len(values))
    assert [json.loads(data) for _, data in found] == values
    assert {key for key, _ in found} == {'key "1" é'}


def test_put_records_keeps_text_byte_for_byte(api: httpx.Client, user: Settings, stream: str) -> None:
    keys = ["0", "a\"b'c\\d", "é😀", "$input #end"]
    answer = put_records(
        api,
        stream,
        *({"data": text, "partition-key": key} for text, key in zip(TEXTS, keys, strict=True)),
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["FailedRecordCount"], len(answer.json()["Records"])) == (0, len(TEXTS))
    expected = [(key, text.encode()) for key, text in zip(keys, TEXTS, strict=True)]
    assert records(user, stream, len(TEXTS)) == expected


def test_put_records_keeps_the_value_of_anything_else(api: httpx.Client, user: Settings, stream: str) -> None:
    values: list[Any] = [{"t": 'é😀"q"\\\''}, [{"a": None}], 5, False, {}, 12345678901234567890123]
    answer = put_records(api, stream, *({"data": value, "partition-key": "k"} for value in values))
    assert answer.status_code == 200, answer.text
    assert [json.loads(data) for _, data in records(user, stream, len(values))] == values


def test_500_records_are_put_in_order(api: httpx.Client, user: Settings, stream: str) -> None:
    rows = [json.dumps({"index": number, "text": "é" * 300}) for number in range(500)]
    entries = [{"data": row, "partition-key": str(number)} for number, row in enumerate(rows)]
    assert put_records(api, stream, *entries).json()["FailedRecordCount"] == 0
    assert records(user, stream, 500) == [(str(number), row.encode()) for number, row in enumerate(rows)]
    assert put_records(api, stream, *entries, entries[0]).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("record", {}),
        ("record", {"PartitionKey": "1"}),
        ("record", {"Data": {}}),
        ("record", {"Data": None, "PartitionKey": "1"}),
        ("record", {"Data": {}, "PartitionKey": ""}),
        ("record", {"Data": {}, "PartitionKey": 1}),
        ("record", {"Data": {}, "PartitionKey": "x" * 257}),
        ("record", []),
        ("records", {}),
        ("records", {"records": []}),
        ("records", {"records": {}}),
        ("records", {"records": [{"data": {}}]}),
        ("records", {"records": [{"partition-key": "1"}]}),
        ("records", {"records": [{"data": 1, "partition-key": "1"}, {"data": None, "partition-key": "1"}]}),
        ("records", {"records": [{"Data": 1, "PartitionKey": "1"}]}),
    ],
)
def test_a_body_of_another_shape_is_400_and_nothing_is_put(
    api: httpx.Client, user: Settings, path: str, body: object
) -> None:
    answer = api.put(f"/streams/{user.stream('pin')}/{path}", json=body)
    assert (answer.status_code, answer.json()) == (400, {"message": "Invalid request body"})
    assert records(user, user.stream("pin"), 0) == []


@pytest.mark.parametrize("path", ["record", "records"])
def test_a_malformed_body_is_400_and_another_type_415(api: httpx.Client, user: Settings, path: str) -> None:
    url = f"/streams/{user.stream('pin')}/{path}"
    assert api.put(url, content=b'{"Data": ', headers=JSON).status_code == 400
    assert api.put(url, headers=JSON).status_code == 400
    body = {"record": b'{"Data": 1, "PartitionKey": "1"}', "records": RECORDS}[path]
    assert api.put(url, content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert records(user, user.stream("pin"), 0) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("PUT", "/record", {"Data": 1, "PartitionKey": "1"}),
        ("PUT", "/records", {"records": [{"data": "1", "partition-key": "1"}]}),
    ],
)
def test_an_unknown_stream_is_400(api: httpx.Client, method: str, path: str, body: object) -> None:
    answer = api.request(method, f"/streams/nowhere{path}", json=body, headers=JSON)
    assert (answer.status_code, answer.json()["__type"]) == (400, "ResourceNotFoundException")


def test_other_errors_of_kinesis_are_400(api: httpx.Client, stream: str) -> None:
    again = api.post(f"/streams/{stream}", json={"ShardCount": 1})
    assert (again.status_code, again.json()["__type"]) == (400, "ResourceInUseException")
    assert api.post(f"/streams/{stream}", json={"ShardCount": "many"}).status_code == 400
    assert api.get("/streams/no%20such%22name").status_code == 400
    larger = {"data": "x" * (1024**2 + 1), "partition-key": "1"}
    assert put_records(api, stream, larger).status_code == 400


def test_topics_are_the_rest_proxys_byte_for_byte(api: httpx.Client, kafka: Settings) -> None:
    topic = new_topic(kafka)
    values = [TEXTS[0], TEXTS[1], "null"]
    body = '{"records": [' + ", ".join(f'{{"value": {value}}}' for value in values) + "]}"
    answer = api.post(f"/topics/{topic}", content=body.encode(), headers={"Content-Type": JSON_TYPE})
    found = read_all(kafka, topic)
    expected = [value.encode() if value != "null" else None for value in values]
    assert [found[place].value() for place in places(answer)] == expected
    assert answer.headers["Content-Type"] == "application/vnd.kafka.v2+json"
    assert api.get(f"/topics/{topic}").json()["name"] == topic


def test_a_gzip_body_to_topics_arrives(api: httpx.Client, kafka: Settings) -> None:
    topic = new_topic(kafka)
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": "gzip"}
    body = gzip.compress(b'{"records": [{"value": "\xc3\xa9"}]}')
    for path in (f"/topics/{topic}", f"/topics/{topic}/partitions/1"):
        [place] = places(api.post(path, content=body, headers=headers))
        assert read_all(kafka, topic)[place].value() == b'"\xc3\xa9"'


def test_of_another_encoding_nothing_is_written(api: httpx.Client, kafka: Settings) -> None:
    topic = new_topic(kafka)
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": "deflate"}
    answer = api.post(
        f"/topics/{topic}", content=zlib.compress(b'{"records": [{"value": 1}]}'), headers=headers
    )
    assert answer.status_code == 400
    assert read_all(kafka, topic) == {}


@pytest.mark.parametrize(
    ("topic", "content", "content_type", "status", "code"),
    [
        ("nowhere", b'{"records": [{"value": 1}]}', JSON_TYPE, 404, 40401),
        ("nowhere", b'{"records": [{"value": "\xff"}]}', JSON_TYPE, 400, 400),
        ("nowhere", b'{"records": [{"value": "no base64"}]}', BINARY_TYPE, 400, 400),
        ("nowhere", b'{"records": []}', JSON_TYPE, 422, 422),
        ("nowhere", b"{}", "application/json", 415, 41501),
    ],
)
def test_the_rest_proxys_errors_come_back(  # noqa: PLR0917 - one for each part of the case
    api: httpx.Client, topic: str, content: bytes, content_type: str, status: int, code: int
) -> None:
    answer = api.post(f"/topics/{topic}", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)


def test_the_topics_are_listed_and_the_rest_proxy_describes_itself(
    api: httpx.Client, user: Settings, kafka: Settings
) -> None:
    topic = new_topic(kafka)
    assert topic in api.get("/topics").json()
    assert api.get("/topics").json() == httpx.get(f"{user.api.rest_proxy_url}/topics", timeout=60).json()
    assert api.get("/health").json()["service"] == "rest-proxy"


@pytest.mark.parametrize("path", ["/topics", "/topics/any", "/topics/any/partitions/0"])
def test_options_are_answered_with_the_headers_of_cors(api: httpx.Client, path: str) -> None:
    answer = api.options(path)
    allowed = {name: answer.headers[f"Access-Control-Allow-{name}"] for name in ("Origin", "Methods")}
    assert (answer.status_code, answer.content) == (200, b"")
    assert allowed == {"Origin": "*", "Methods": "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"}
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"].split(",")


def test_an_unknown_path_is_no_200(api: httpx.Client) -> None:
    assert api.get("/nowhere").status_code in (403, 404)
    assert api.get("/streams/x/record").status_code in (403, 404)
