"""The REST proxy over real HTTP, read back from a real Kafka: what it writes, where, and what it answers."""

import base64
import json

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.settings import Settings
from common.wait import wait_until
from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE
from tests.integration.rest_proxy.proxy import (
    MAX_RECORDS,
    PARTITIONS,
    Proxy,
    end_offsets,
    places,
    read_all,
)
from tests.kafka_clients import as_user
from tests.kafka_records import value_of

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
    admin = AdminClient(as_user(settings))
    admin.delete_topics([topic])[topic].result()

    def make() -> bool:
        try:
            admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return False  # the deletion goes on
            raise
        return True

    wait_until(make, timeout=60, what=f"{topic} to be made again")
    wait_until(lambda: end_offsets(settings, topic), timeout=60, what=f"the leader of {topic}")


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
    limit = proxy.settings.rest_proxy.max_record_bytes
    largest = "x" * (limit - 2)
    answer = proxy.post(topic, {"records": [{"value": largest + "x"}, {"value": largest}]})
    entries = answer.json()["offsets"]
    assert [entry["error_code"] for entry in entries] == [50002, None]
    assert str(limit) in entries[0]["error"]
    assert [len(value_of(m)) for m in read_all(proxy.settings, topic).values()] == [limit]
