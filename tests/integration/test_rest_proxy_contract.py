"""The REST proxy's contract over real HTTP, read back from a real Kafka."""

import base64
import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.settings import Settings
from common.wait import wait_until
from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE
from tests.integration.rest_proxy import (
    PARTITIONS,
    Proxy,
    end_offsets,
    new_topic,
    places,
    read_all,
    running_proxy,
)
from tests.kafka_records import value_of
from tests.processes import ServiceProcess

MAX_BODY = 2 * 1024**2
MAX_RECORDS = 2_000


@pytest.fixture(scope="module")
def proxy(kafka: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    limits = {"rest_proxy_max_body_bytes": MAX_BODY, "rest_proxy_queue_records": MAX_RECORDS}
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy"), **limits) as proxy:
        yield proxy


@pytest.fixture
def topic(kafka: Settings) -> str:
    return new_topic(kafka)


@pytest.fixture(scope="module")
def one_topic(kafka: Settings) -> str:
    """One topic for all the requests of which nothing is written."""
    return new_topic(kafka)


def raw_answer(proxy: Proxy, request: bytes) -> bytes:
    """Return what the proxy answers to these bytes while the client neither sends more nor closes."""
    with socket.create_connection(("127.0.0.1", proxy.settings.rest_proxy_port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"}" not in answer:
            chunk = connection.recv(65536)
            assert chunk, f"closed after {answer!r}"
            answer += chunk
        return answer


def head(topic: str, *headers: str, content_type: str = JSON_TYPE) -> bytes:
    lines = (f"POST /topics/{topic} HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}", *headers)
    return "\r\n".join([*lines, "", ""]).encode()


VALUES = [
    b"1.10",
    b"-0",
    b"1e400",
    b"9" * 400,
    b"0.1000000000000000055511151231257827",
    '"Cafe\u0301 \U0001f469\u200d\U0001f4bb \u65e5\u672c\u8a9e \u041f\u0440\u0438 \u00a0\u2026"'.encode(),
    rb'"\u00e9\ud83d\ude0a \/ \\ \" \n"',
    b'{"b" : [1 ,\n 2],\t"a": {"a":1,"a":2}}',
    b'""',
    b"[]",
    b"false",
]


def test_json_values_and_keys_are_written_byte_for_byte(proxy: Proxy, topic: str) -> None:
    body = b'{"records":[' + b",".join(b'{"key":%b,"value": %b }' % (v, v) for v in VALUES) + b"]}"
    answer = proxy.post(topic, body)
    assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
    assert answer.json().keys() == {"offsets", "key_schema_id", "value_schema_id"}
    written = read_all(proxy.settings, topic)
    assert [(written[place].key(), written[place].value()) for place in places(answer)] == [
        (v, v) for v in VALUES
    ]
    assert len(written) == len(VALUES)


def test_binary_values_and_keys_are_written_decoded(proxy: Proxy, topic: str) -> None:
    values = [bytes(range(256)), b"", b"\x00", "\u00e9".encode("latin-1")]
    records = [{"key": base64.b64encode(v).decode(), "value": base64.b64encode(v).decode()} for v in values]
    answer = proxy.post(topic, {"records": records}, BINARY_TYPE)
    written = read_all(proxy.settings, topic)
    assert [(written[place].key(), written[place].value()) for place in places(answer)] == [
        (v, v) for v in values
    ]


@pytest.mark.parametrize("content_type", [JSON_TYPE, BINARY_TYPE])
def test_a_null_or_missing_value_is_a_tombstone(proxy: Proxy, topic: str, content_type: str) -> None:
    answer = proxy.post(
        topic, {"records": [{}, {"value": None}, {"key": "a2V5", "value": None}]}, content_type
    )
    written = read_all(proxy.settings, topic)
    key = b'"a2V5"' if content_type == JSON_TYPE else b"key"
    found = [(written[place].key(), written[place].value()) for place in places(answer)]
    assert found == [(None, None), (None, None), (key, None)]


def test_entries_are_in_the_order_of_the_records(proxy: Proxy, topic: str) -> None:
    records = [{"value": n, "partition": n * 7 % PARTITIONS} for n in range(MAX_RECORDS)]
    where = places(proxy.post(topic, {"records": records}))
    assert [partition for partition, _ in where] == [record["partition"] for record in records]
    written = read_all(proxy.settings, topic)
    assert [json.loads(value_of(written[place])) for place in where] == list(range(MAX_RECORDS))


def test_a_key_goes_to_the_partition_of_java_clients(proxy: Proxy, topic: str) -> None:
    # Kafka's own test vectors of its hash (murmur2): key -> hash.
    hashes = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536}
    keys = [base64.b64encode(key.encode()).decode() for key in hashes]
    answer = proxy.post(topic, {"records": [{"key": key, "value": "YQ=="} for key in keys]}, BINARY_TYPE)
    assert [p for p, _ in places(answer)] == [(value & 0x7FFFFFFF) % PARTITIONS for value in hashes.values()]


def test_a_partition_that_does_not_exist_fails_its_own_record(proxy: Proxy, topic: str) -> None:
    records = [{"value": 0}, {"value": 1, "partition": PARTITIONS}, {"value": 2, "partition": 2**31 - 1}]
    answer = proxy.post(topic, {"records": records})
    entries = answer.json()["offsets"]
    assert [entry["error_code"] for entry in entries] == [None, 50002, 50002]
    assert (entries[1]["partition"], entries[1]["offset"]) == (None, None)
    assert entries[1]["error"]
    assert [m.value() for m in read_all(proxy.settings, topic).values()] == [b"0"]


def test_a_path_may_name_the_partition(proxy: Proxy, topic: str) -> None:
    records = [
        {"value": 0},
        {"value": 1, "partition": None},
        {"value": 2, "key": 1},
        {"value": 3, "partition": 0},
    ]
    body = {"records": records, "key_schema": None, "value_schema_id": None}
    where = places(proxy.post(f"{topic}/partitions/2", body))
    assert [partition for partition, _ in where] == [2, 2, 2, 0]
    written = read_all(proxy.settings, topic)
    assert [written[place].value() for place in where] == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("partition", [PARTITIONS, 2**31 - 1, 2**31, -1, "x", "1.0"])
def test_a_path_with_a_partition_that_does_not_exist_is_404(
    proxy: Proxy, one_topic: str, partition: object
) -> None:
    answer = proxy.post(f"{one_topic}/partitions/{partition}", b'{"records":[{"value":1}]}')
    assert (answer.status_code, answer.json()["error_code"]) == (404, 40402)
    assert b"1" not in {m.value() for m in read_all(proxy.settings, one_topic).values()}


def test_a_path_with_a_partition_of_an_unknown_topic_is_404(proxy: Proxy) -> None:
    answer = proxy.post("no-such-topic/partitions/0", b'{"records":[{"value":1}]}')
    assert (answer.status_code, answer.json()["error_code"]) == (404, 40401)


def remade(settings: Settings, topic: str, partitions: int) -> None:
    """Delete the topic and make it again with fewer partitions."""
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result()

    def make() -> bool:
        try:
            admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return False  # the deletion goes on
            raise
        return True

    wait_until(make, timeout=30, what=f"{topic} to be made again")
    wait_until(lambda: end_offsets(settings, topic), timeout=10, what=f"the leader of {topic}")


def test_a_topic_made_again_with_fewer_partitions_is_no_reason_to_give_up(proxy: Proxy, topic: str) -> None:
    places(proxy.post(topic, {"records": [{"value": n, "partition": n} for n in range(PARTITIONS)]}))
    remade(proxy.settings, topic, 1)
    codes: set[int | None] = set()

    def all_sent() -> bool:
        answer = proxy.post(topic, {"records": [{"value": n, "key": n} for n in range(30)]})
        now = {entry["error_code"] for entry in answer.json()["offsets"]}
        codes.update(now)
        return now == {None}

    wait_until(all_sent, timeout=60, what="the proxy to see the new partitions")
    assert codes <= {None, 50003}
    asked = proxy.post(topic, {"records": [{"value": 1, "partition": 1}]})
    assert [entry["error_code"] for entry in asked.json()["offsets"]] == [50002]


def test_a_record_over_the_limit_fails_alone(proxy: Proxy, topic: str) -> None:
    limit = proxy.settings.rest_proxy_max_record_bytes
    largest = "x" * (limit - 2)
    answer = proxy.post(topic, {"records": [{"value": largest + "x"}, {"value": largest}]})
    entries = answer.json()["offsets"]
    assert [entry["error_code"] for entry in entries] == [50002, None]
    assert str(limit) in entries[0]["error"]
    assert [len(value_of(m)) for m in read_all(proxy.settings, topic).values()] == [limit]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"records":[{"value":1}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":NaN}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":1},{"value":-Infinity}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":"\xff"}]}', JSON_TYPE, 400, 400),
        (rb'{"records":[{"value":1},{"value":"\ud83d"}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":"YQ=="},{"value":"Y"}]}', BINARY_TYPE, 400, 400),
        (b"", JSON_TYPE, 422, 422),
        (b"{}", JSON_TYPE, 422, 422),
        (b'{"records":[]}', JSON_TYPE, 422, 422),
        (b'{"records":{"value":1}}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1},{"valeu":1}]}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}],"extra":1}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}],"value_schema_id":7}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1,"partition":-1}]}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}]}', BINARY_TYPE, 422, 422),
        (b'{"records":[{"value":1}]}', "application/json", 415, 41501),
        (b'{"records":[{"value":1}]}', "", 415, 41501),
        (b'{"records":[' + b"{}," * MAX_RECORDS + b"{}]}", JSON_TYPE, 413, 413),
        (b" " * (MAX_BODY + 1), JSON_TYPE, 413, 413),
    ],
)
def test_what_is_refused_is_refused_whole(  # noqa: PLR0917 - pytest names its arguments
    proxy: Proxy, one_topic: str, body: bytes, content_type: str, status: int, code: int
) -> None:
    answer = proxy.post(one_topic, body, content_type)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json().keys() == {"error_code", "message"}
    assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
    places(proxy.post(one_topic, b'{"records":[{"value":"after"}]}'))
    assert {m.value() for m in read_all(proxy.settings, one_topic).values()} == {b'"after"'}


def test_a_declared_body_over_the_limit_is_refused_before_it_is_sent(proxy: Proxy, topic: str) -> None:
    answer = raw_answer(proxy, head(topic, f"Content-Length: {MAX_BODY + 1}"))
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_refused_at_the_limit_though_it_has_no_end(proxy: Proxy, topic: str) -> None:
    chunk = b"%x\r\n%b\r\n" % (65536, b" " * 65536)
    answer = raw_answer(proxy, head(topic, "Transfer-Encoding: chunked") + chunk * (MAX_BODY // 65536 + 1))
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["", "/partitions/1"])
def test_a_gzip_body_is_a_body(proxy: Proxy, topic: str, path: str) -> None:
    value = b'"' + b"x" * 100_000 + b'"'
    body = gzip.compress(b'{"records":[' + b",".join([b'{"value":%b}' % value] * 15) + b"]}")
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": "gzip"}
    for content in (body, iter([body[:100], body[100:]])):
        answer = proxy.client.post(f"/topics/{topic}{path}", content=content, headers=headers)
        assert len(places(answer)) == 15
    assert {m.value() for m in read_all(proxy.settings, topic).values()} == {value}


@pytest.mark.parametrize("path", ["/topics/{}", "/topics/{}/partitions/0", "/pin/"])
@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(b" " * (MAX_BODY + 1), mtime=0), 413),
        ("gzip", b'{"records":[{"value":1}]}', 400),
        ("gzip", gzip.compress(b'{"records":[{"value":1}]}', mtime=0)[:-1], 400),
        ("br", b"", 415),
        ("deflate", zlib.compress(b"{}"), 415),
    ],
)
def test_an_encoded_body_is_refused_on_every_route(  # noqa: PLR0917 - pytest names its arguments
    proxy: Proxy, one_topic: str, path: str, coding: str, body: bytes, status: int
) -> None:
    content_type = "application/json" if path == "/pin/" else JSON_TYPE
    headers = {"Content-Type": content_type, "Content-Encoding": coding}
    answer = proxy.client.post(path.format(one_topic), content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (status, status)
    assert "Content-Encoding" in answer.json()["message"] or status != 415


def test_a_chunked_body_is_a_body(proxy: Proxy, topic: str) -> None:
    parts = iter([b'{"records":[{"va', b'lue":"in ', b'parts"}]}'])
    answer = proxy.client.post(f"/topics/{topic}", content=parts, headers={"Content-Type": JSON_TYPE})
    assert read_all(proxy.settings, topic)[places(answer)[0]].value() == b'"in parts"'


def test_a_client_that_leaves_before_its_body_is_complete_writes_nothing(proxy: Proxy, topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    with socket.create_connection(("127.0.0.1", proxy.settings.rest_proxy_port), timeout=10) as connection:
        connection.sendall(head(topic, f"Content-Length: {len(body) + 1}") + body)
    places(proxy.post(topic, b'{"records":[{"value":"after"}]}'))
    assert [m.value() for m in read_all(proxy.settings, topic).values()] == [b'"after"']


def test_an_unknown_topic_is_404_and_is_not_created(proxy: Proxy) -> None:
    for answer in (
        proxy.post("no-such-topic", b'{"records":[{"value":1}]}'),
        proxy.client.get("/topics/no-such-topic"),
    ):
        assert (answer.status_code, answer.json()["error_code"]) == (404, 40401)
    assert "no-such-topic" not in proxy.client.get("/topics").json()


def test_a_topic_can_be_used_as_soon_as_it_exists(proxy: Proxy) -> None:
    def use(_: int) -> int:
        return proxy.post(new_topic(proxy.settings), b'{"records":[{"value":1}]}').status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(8))) == [200] * 8


def test_a_deleted_topic_is_404(proxy: Proxy, topic: str) -> None:
    places(proxy.post(topic, b'{"records":[{"value":1}]}'))
    admin = AdminClient({"bootstrap.servers": proxy.settings.kafka_bootstrap_servers})
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in proxy.client.get("/topics").json(), timeout=10, what="the deletion")
    assert proxy.client.get(f"/topics/{topic}").json()["error_code"] == 40401
    assert proxy.post(topic, b'{"records":[{"value":1}]}').json()["error_code"] == 40401


def test_topics_are_listed_and_described(proxy: Proxy, topic: str) -> None:
    assert topic in proxy.client.get("/topics").json()
    found = proxy.client.get(f"/topics/{topic}").json()
    assert found.keys() == {"name", "configs", "partitions"}
    assert found["name"] == topic
    assert found["configs"]["cleanup.policy"] == "delete"
    assert [p["partition"] for p in found["partitions"]] == list(range(PARTITIONS))
    broker = found["partitions"][0]["leader"]
    assert found["partitions"][0]["replicas"] == [{"broker": broker, "leader": True, "in_sync": True}]


def test_health_says_who_it_is_and_which_cluster_it_writes_to(proxy: Proxy) -> None:
    answer = proxy.client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "service": "rest-proxy",
        "status": "healthy",
        "kafka_cluster_id": proxy.settings.kafka_cluster_id,
        "records_in_flight": 0,
        "reason": None,
    }
    assert proxy.client.get("/").json()["service"] == "rest-proxy"


def test_other_paths_and_methods_have_the_same_form_of_error(proxy: Proxy) -> None:
    nothing = proxy.client.get("/nothing")
    assert (nothing.status_code, nothing.json()["error_code"]) == (404, 404)
    method = proxy.client.delete("/topics/x")
    assert (method.status_code, method.json()["error_code"]) == (405, 405)
    assert method.headers["allow"] == "GET, POST"


def test_only_known_names_are_answered(proxy: Proxy, one_topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    for method, path in (
        ("POST", f"/topics/{one_topic}"),
        ("POST", "/pin/"),
        ("GET", "/health"),
        ("GET", "/docs"),
    ):
        refused = proxy.client.request(
            method, path, content=body, headers={"Host": "evil.example", "Content-Type": JSON_TYPE}
        )
        assert (refused.status_code, refused.json()["error_code"]) == (421, 421)
        assert "ALLOWED_HOSTS" in refused.json()["message"]
    for name in ("localhost", "rest-proxy:8082", "127.0.0.1:80", "[::1]:8082"):
        assert proxy.client.get("/", headers={"Host": name}).status_code == 200


def test_names_of_the_settings_are_known_too(kafka: Settings, tmp_path: Path) -> None:
    names = {
        "allowed_hosts": "a.example.org, .b.example.org",
        "api_rest_proxy_url": "http://c.example.org:80",
    }
    with running_proxy(kafka, tmp_path, **names) as proxy:
        for name in ("a.example.org", "x.b.example.org:8082", "c.example.org"):
            assert proxy.client.get("/", headers={"Host": name}).status_code == 200
        assert proxy.client.get("/", headers={"Host": "d.example.org"}).status_code == 421


def test_another_sites_web_page_is_refused(proxy: Proxy, one_topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    for origin in ("http://evil.example", "http://localhost:9", "null"):
        for method in ("POST", "OPTIONS"):
            answer = proxy.client.request(
                method,
                f"/topics/{one_topic}",
                content=body,
                headers={"Origin": origin, "Content-Type": JSON_TYPE},
            )
            assert (answer.status_code, answer.json()["error_code"]) == (403, 403)
            assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
            assert not any(name.startswith("access-control") for name in answer.headers)
    own = {"Origin": proxy.settings.rest_proxy_url}
    assert proxy.client.get("/topics", headers=own).status_code == 200


def test_bounds_that_contradict_each_other_end_it_with_a_reason(kafka: Settings, tmp_path: Path) -> None:
    settings = kafka.model_copy(update={"rest_proxy_queue_bytes": 100, "rest_proxy_max_body_bytes": 101})
    with ServiceProcess(settings, "services.rest_proxy", log=tmp_path / "log") as process:
        wait_until(lambda: not process.running, timeout=60, what="it to end")
        assert process.stop() == 1
        assert "REST_PROXY_QUEUE_BYTES must be at least REST_PROXY_MAX_BODY_BYTES" in process.output()
