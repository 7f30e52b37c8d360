"""The table of errors, and a record's own error."""

import json

import pytest
from confluent_kafka import KafkaError

from services.rest_proxy.errors import ErrorCode
from services.rest_proxy.records import ANY_PARTITION
from services.rest_proxy.results import Entry, ProduceResponse, encode, failed, too_large


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
