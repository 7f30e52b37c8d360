"""The sink's small parts: buffer, waits, state file."""

import json
import os
from pathlib import Path

import pytest
import structlog
from confluent_kafka import KafkaError

from common.backoff import Backoff
from services.s3_sink.buffer import Buffer, Limits
from services.s3_sink.consumer import ErrorLog
from services.s3_sink.status import PartitionStatus, Status
from stack.local.isolated import make_settings

LIMITS = Limits(records=3, bytes=100, seconds=2.0)


def test_a_buffer_closes_by_count() -> None:
    buffer = Buffer(7)
    for expected in (False, False, True):
        buffer.add(b"1\n", now=0.0)
        assert buffer.is_full(LIMITS) is expected
    assert (buffer.start, buffer.next, buffer.body()) == (7, 10, b"1\n1\n1\n")


def test_a_buffer_closes_by_bytes() -> None:
    buffer = Buffer(0)
    buffer.add(b"x" * 98 + b"\n", now=0.0)
    assert not buffer.is_full(LIMITS)
    buffer.add(b"\n", now=0.0)
    assert buffer.is_full(LIMITS)


def test_a_buffer_closes_by_the_age_of_its_first_record() -> None:
    buffer = Buffer(0)
    assert not buffer.is_old(LIMITS, now=1000.0)
    buffer.add(b"1\n", now=10.0)
    buffer.add(b"2\n", now=11.9)
    assert not buffer.is_old(LIMITS, now=11.9)
    assert buffer.is_old(LIMITS, now=12.0)


def test_waits_double_up_to_a_bound_and_start_again() -> None:
    backoff = Backoff()
    bounds = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    for bound in bounds:
        assert bound / 2 <= backoff.next() <= bound
    backoff.reset()
    assert backoff.next() <= 0.2


def test_the_same_error_of_kafka_is_not_logged_again_at_once(tmp_path: Path) -> None:
    log = ErrorLog(make_settings(tmp_path, KAFKA_SECURITY="sasl"))
    with structlog.testing.capture_logs() as events:
        for _ in range(20):
            log(KafkaError(KafkaError._TRANSPORT, "refused"))
        log(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "no topic"))
    assert [event["error"] for event in events] == ["refused", "no topic"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (KafkaError._AUTHENTICATION, "Kafka refuses s3-sink: its KAFKA_S3_SINK_PASSWORD is not"),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "Kafka does not allow s3-sink to do this"),
    ],
)
def test_a_refusal_of_kafka_is_logged_and_kept_with_what_to_do(tmp_path: Path, code: int, told: str) -> None:
    log = ErrorLog(make_settings(tmp_path, KAFKA_SECURITY="sasl"))
    with structlog.testing.capture_logs() as events:
        log(KafkaError(code, "no"))
        log(KafkaError(KafkaError._TRANSPORT, "gone"))
    assert log.refusal
    assert log.refusal.startswith(told)
    assert "`make" in log.refusal
    assert [event["error"] for event in events] == [log.refusal, "gone"]


def test_a_refusal_is_the_sinks_problem(tmp_path: Path) -> None:
    Status(tmp_path).write(list, "Kafka refuses s3-sink")
    assert json.loads((tmp_path / "run" / "s3-sink.json").read_text())["problem"] == "Kafka refuses s3-sink"


@pytest.mark.parametrize(
    ("following", "end", "lag"), [(3, 10, 7), (10, 10, 0), (None, 10, 0), (3, None, 0), (5, 4, 0)]
)
def test_lag_of_a_partition(following: int | None, end: int | None, lag: int) -> None:
    assert PartitionStatus("t.pin", 0, following, 0, end, None).lag == lag


def test_the_state_file_is_written_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "run" / "s3-sink.json"
    status = Status(tmp_path, ["flush.size=1: an object is closed at 1 records"])
    status.write(lambda: [PartitionStatus("t.pin", 0, 3, 2, 10, "S3 is gone")])
    status.write(lambda: pytest.fail("not due"))
    state = json.loads(path.read_text())
    assert state.pop("written_at") > 0
    assert state == {
        "pid": os.getpid(),
        "connector": ["flush.size=1: an object is closed at 1 records"],
        "problem": "t.pin[0] does not land: S3 is gone",
        "lag": 7,
        "partitions": [
            {"topic": "t.pin", "partition": 0, "next": 3, "buffered": 2, "end": 10, "problem": "S3 is gone"}
        ],
    }
    assert list(path.parent.iterdir()) == [path]
