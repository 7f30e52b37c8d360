"""The REST API of a real LocalStack, before a real REST proxy and Kafka, and before LocalStack's Kinesis."""

import gzip
import json
import zlib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from common.api import invoke_url
from common.clients import kinesis_client, s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES
from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE
from tests.e2e.browser import Browser, missing
from tests.integration.api_gateway import TEXTS, records, running_api
from tests.integration.foreign_page import Request, other_site
from tests.integration.rest_proxy import new_topic, places, read_all, running_proxy
from tests.servers import IN_CONTAINERS

RECORDS = b'{"records": [{"data": 1, "partition-key": "1"}]}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def user(
    kafka: Settings, localstack: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with running_api(kafka, localstack, tmp_path_factory.mktemp("proxy")) as user:
        yield user


@pytest.fixture(scope="module")
def api(user: Settings) -> Iterator[httpx.Client]:
    """A client of the API's invoke URL; time for LocalStack's Kinesis on a busy machine."""
    with httpx.Client(base_url=invoke_url(user), timeout=60) as client:
        yield client


@pytest.fixture
def stream(api: httpx.Client) -> Iterator[str]:
    """A fresh stream of one shard, made and removed through the API."""
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}", json={"ShardCount": 1}).status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=30, what=f"{name} to be active")
    yield name
    assert api.delete(f"/streams/{name}").status_code == 200


def status_of(api: httpx.Client, stream: str) -> str:
    status: str = api.get(f"/streams/{stream}").json()["StreamDescription"]["StreamStatus"]
    return status


def put_records(api: httpx.Client, stream: str, *records: object) -> httpx.Response:
    return api.put(f"/streams/{stream}/records", json={"records": records})


def test_streams_are_listed_made_described_and_deleted(api: httpx.Client, user: Settings) -> None:
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}", json={"StreamName": name, "ShardCount": 2}).status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=30, what=f"{name} to be active")
    description = api.get(f"/streams/{name}").json()["StreamDescription"]
    assert (description["StreamName"], len(description["Shards"])) == (name, 2)
    listed = api.get("/streams").json()["StreamNames"]
    assert {name, *map(user.stream, TABLES)} <= set(listed)
    assert api.delete(f"/streams/{name}").status_code == 200
    wait_until(
        lambda: name not in api.get("/streams").json()["StreamNames"], timeout=30, what=f"{name} to be gone"
    )


def test_a_stream_has_one_shard_where_none_are_asked_for(api: httpx.Client) -> None:
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}").status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=30, what=f"{name} to be active")
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


def test_an_unknown_path_is_no_200(api: httpx.Client) -> None:
    assert api.get("/nowhere").status_code in (403, 404)
    assert api.get("/streams/x/record").status_code in (403, 404)


KEPT, STOLEN = "kept.txt", "stolen.txt"


@pytest.fixture
def bucket(user: Settings) -> Iterator[str]:
    """A bucket of one object."""
    name, client = f"test-{uuid4().hex[:12]}", s3_client(user)
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key=KEPT, Body=b"kept")
    yield name
    for key in keys(user, name):
        client.delete_object(Bucket=name, Key=key)
    client.delete_bucket(Bucket=name)


def keys(user: Settings, bucket: str) -> list[str]:
    return [each["Key"] for each in s3_client(user).list_objects_v2(Bucket=bucket).get("Contents", [])]


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
    topic, path = new_topic(kafka), invoke_url(user).removeprefix(user.aws_endpoint_url)
    requests = hostile(bucket, path, stream, topic)
    with other_site() as page, other_site() as careless, Browser() as browser:
        page.send_to([careless.url, user.aws_endpoint_url], requests)
        browser.open_until(f"{page.url}/page", "done")
        # What the browser sends to a server that takes it from anybody.
        assert {(r.options["method"], r.path) for r in requests} <= careless.taken
    assert keys(user, bucket) == [KEPT]
    streams = kinesis_client(user).list_streams()["StreamNames"]
    assert (stream in streams, f"{stream}-new" in streams) == (True, False)
    assert records(user, stream, 0) == []
    assert read_all(kafka, topic) == {}


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_web_page_of_another_site_writes_nothing_through_the_rest_proxy_itself(
    kafka: Settings, tmp_path: Path
) -> None:
    topic = new_topic(kafka)
    with running_proxy(kafka, tmp_path, pin_batch_topic=topic, pin_streaming_topic=topic) as proxy:
        body = '{"records": [{"value": 1}]}'
        requests = [
            Request(f"/topics/{topic}", {"method": "POST", "mode": "no-cors", "body": body}),
            Request(
                f"/topics/{topic}", {"method": "POST", "headers": {"Content-Type": JSON_TYPE}, "body": body}
            ),
            Request("/pin/", {"method": "POST", "mode": "no-cors", "body": "{}"}),
        ]
        with other_site() as page, Browser() as browser:
            page.send_to([proxy.settings.rest_proxy_url], requests)
            browser.open_until(f"{page.url}/page", "done")
        assert read_all(kafka, topic) == {}
        # The page of its own is of its own site.
        with Browser() as browser:
            browser.open_until(f"{proxy.settings.rest_proxy_url}/docs", "REST proxy - Swagger UI")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:9", "null", "https://app.localstack.cloud"]
)
def test_localstack_refuses_another_origin_everywhere(user: Settings, bucket: str, origin: str) -> None:
    path = invoke_url(user).removeprefix(user.aws_endpoint_url)
    urls = [
        f"/{bucket}",
        f"/{bucket}/{KEPT}",
        f"{path}/streams",
        f"{path}/topics",
        "/",
        "/_localstack/health",
    ]
    with httpx.Client(base_url=user.aws_endpoint_url, headers={"Origin": origin}, timeout=30) as page:
        for url, method in product(urls, ("GET", "POST", "PUT", "DELETE", "OPTIONS")):
            assert page.request(method, url).status_code == 403, (method, url)
    assert keys(user, bucket) == [KEPT]


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "s3.evil.example", "evil.execute-api.evil.example"]
)
def test_localstack_refuses_an_unknown_name_and_says_which_setting_knows_more(
    user: Settings, host: str
) -> None:
    path = invoke_url(user).removeprefix(user.aws_endpoint_url)
    with httpx.Client(base_url=user.aws_endpoint_url, headers={"Host": host}, timeout=30) as page:
        for url, method in product(
            ["/", f"{path}/streams", "/_localstack/health"], ("GET", "POST", "DELETE")
        ):
            answer = page.request(method, url)
            assert (answer.status_code, "ALLOWED_HOSTS" in answer.json()["message"]) == (421, True)


def test_localstack_is_called_by_all_of_its_names(user: Settings, bucket: str) -> None:
    api, stage = invoke_url(user).rsplit("/", 2)[1:]
    names = {
        f"localhost:{user.localstack_port}": f"/{bucket}/{KEPT}",
        "localstack:4566": f"/{bucket}/{KEPT}",
        "127.0.0.1": f"/{bucket}/{KEPT}",
        "[::1]:4566": f"/{bucket}/{KEPT}",
        f"{bucket}.s3.localhost.localstack.cloud:4566": f"/{KEPT}",
        f"{api}.execute-api.localhost.localstack.cloud:4566": f"/{stage}/streams",
    }
    with httpx.Client(base_url=user.aws_endpoint_url, timeout=30) as client:
        for name, path in names.items():
            assert client.get(path, headers={"Host": name}).status_code == 200, name


def test_s3_takes_what_hadoop_says_of_itself(user: Settings, bucket: str) -> None:
    """S3A's Referer ("Auditing" of Hadoop's documentation) is no page's, whose own would be refused."""
    with httpx.Client(base_url=user.aws_endpoint_url, timeout=30) as client:
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
            httpx.options(f"http://127.0.0.1:{port}/", headers=asked, timeout=30)
