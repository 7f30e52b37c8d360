"""One partition of the sink: which objects it closes, when, and what it says of a hole; its landing zone is a list."""

from typing import NamedTuple

import pytest
import structlog

from services.s3_sink.buffer import Limits
from services.s3_sink.partition import OpenPartition, Repeat, Rewound
from services.s3_sink.zone import PartitionEnd

LIMITS = Limits(records=3, bytes=100, seconds=2.0)
Put = tuple[str, int, PartitionEnd, bytes, int]


class Message(NamedTuple):
    number: int
    text: bytes | None

    def offset(self) -> int:
        return self.number

    def value(self) -> bytes | None:
        return self.text


class ZoneOfList:
    """A landing zone that keeps what it is given."""

    def __init__(self) -> None:
        self.puts: list[Put] = []
        self.confirmed: list[tuple[str, int, PartitionEnd]] = []

    def append(self, topic: str, partition: int, tail: PartitionEnd, body: bytes, end: int) -> PartitionEnd:
        self.puts.append((topic, partition, tail, body, end))
        return PartitionEnd(tail.next, end)

    def confirm(self, topic: str, partition: int, tail: PartitionEnd) -> None:
        self.confirmed.append((topic, partition, tail))


@pytest.fixture
def zone() -> ZoneOfList:
    return ZoneOfList()


@pytest.fixture
def partition(zone: ZoneOfList) -> OpenPartition:
    """Partition 4 of a topic, of which offsets up to 6 have landed."""
    return OpenPartition(("t.pin", 4), PartitionEnd(5, 7), zone, LIMITS)  # type: ignore[arg-type]


def messages(first: int, count: int) -> list[Message]:
    return [Message(offset, b"%d" % offset) for offset in range(first, first + count)]


def test_a_full_object_is_landed_and_the_next_one_begins(zone: ZoneOfList, partition: OpenPartition) -> None:
    partition.take(messages(7, 8), now=0.0)
    assert zone.puts == [
        ("t.pin", 4, PartitionEnd(5, 7), b"7\n8\n9\n", 10),
        ("t.pin", 4, PartitionEnd(7, 10), b"10\n11\n12\n", 13),
    ]
    assert (partition.landed, partition.buffered) == (13, 2)


def test_an_object_without_a_record_is_not_landed(zone: ZoneOfList, partition: OpenPartition) -> None:
    partition.land()
    partition.land_if_old(now=1e9)
    assert (zone.puts, partition.landed, partition.buffered) == ([], 7, 0)


def test_an_object_is_landed_once_its_first_record_is_old(zone: ZoneOfList, partition: OpenPartition) -> None:
    partition.take(messages(7, 1), now=10.0)
    partition.take(messages(8, 1), now=11.5)
    partition.land_if_old(now=11.9)
    assert (zone.puts, partition.buffered) == ([], 2)
    partition.land_if_old(now=12.0)
    assert zone.puts == [("t.pin", 4, PartitionEnd(5, 7), b"7\n8\n", 9)]
    assert (partition.landed, partition.buffered) == (9, 0)


def test_a_tombstone_is_the_line_null(zone: ZoneOfList, partition: OpenPartition) -> None:
    partition.take([Message(7, None)], now=0.0)
    partition.land()
    assert zone.puts == [("t.pin", 4, PartitionEnd(5, 7), b"null\n", 8)]


def test_what_came_before_a_hole_is_landed_before_kafka_is_asked_again(
    zone: ZoneOfList, partition: OpenPartition
) -> None:
    with pytest.raises(Repeat, match="from offset 8") as repeat:
        partition.take([*messages(7, 1), *messages(20, 1)], now=0.0)
    assert repeat.value.offset == 8
    assert zone.puts == [("t.pin", 4, PartitionEnd(5, 7), b"7\n", 8)]


def test_a_hole_seen_twice_is_an_empty_object_and_is_logged(
    zone: ZoneOfList, partition: OpenPartition
) -> None:
    with pytest.raises(Repeat):
        partition.take(messages(20, 1), now=0.0)
    with structlog.testing.capture_logs() as events:
        partition.take(messages(20, 1), now=0.0)
    assert zone.puts == [("t.pin", 4, PartitionEnd(5, 7), b"", 20)]
    assert (partition.landed, partition.buffered) == (20, 1)
    [event] = events
    assert event.pop("event").startswith("offsets are missing in Kafka")
    assert event == {
        "service": "s3-sink",
        "log_level": "error",
        "topic": "t.pin",
        "partition": 4,
        "first": 7,
        "last": 19,
        "count": 13,
    }


def test_another_hole_is_doubted_anew(partition: OpenPartition) -> None:
    for first, hole in ((7, 20), (21, 30)):
        with pytest.raises(Repeat) as repeat:
            partition.take(messages(hole, 1), now=0.0)
        assert repeat.value.offset == first
        partition.take(messages(hole, 1), now=0.0)


def test_an_offset_that_comes_again_is_named(partition: OpenPartition) -> None:
    partition.take(messages(7, 1), now=0.0)
    with pytest.raises(Rewound, match="Kafka sent offset 7 after offset 7"):
        partition.take(messages(7, 1), now=0.0)


@pytest.fixture
def compared(zone: ZoneOfList) -> OpenPartition:
    """The same partition, with its last line: Kafka is to begin with the record that has landed last."""
    return OpenPartition(("t.pin", 4), PartitionEnd(5, 7), zone, LIMITS, b"6\n")  # type: ignore[arg-type]


def test_the_record_that_has_landed_last_does_not_land_again(
    zone: ZoneOfList, compared: OpenPartition
) -> None:
    compared.take(messages(6, 4), now=0.0)
    assert zone.puts == [("t.pin", 4, PartitionEnd(5, 7), b"7\n8\n9\n", 10)]


def test_another_record_in_the_place_of_the_last_one_is_named_and_nothing_lands(
    zone: ZoneOfList, compared: OpenPartition
) -> None:
    with pytest.raises(Rewound, match="Kafka's record at offset 6 is another one than has landed"):
        compared.take([Message(6, b"another"), *messages(7, 3)], now=0.0)
    assert (zone.puts, compared.buffered) == ([], 0)


def test_a_record_that_kafka_no_longer_has_is_not_compared(compared: OpenPartition) -> None:
    compared.take(messages(7, 2), now=0.0)
    assert compared.buffered == 2


def test_a_log_that_begins_anew_is_noticed(compared: OpenPartition) -> None:
    with pytest.raises(Rewound, match="Kafka sent offset 0 after offset 6"):
        compared.take(messages(0, 8), now=0.0)


def test_the_landing_zone_is_asked_whether_it_still_ends_there(
    zone: ZoneOfList, partition: OpenPartition
) -> None:
    partition.take(messages(7, 3), now=0.0)
    partition.confirm()
    assert zone.confirmed == [("t.pin", 4, PartitionEnd(7, 10))]
