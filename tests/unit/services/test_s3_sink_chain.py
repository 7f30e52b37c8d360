"""The proof in services/s3_sink/zone.py, put to the test: any schedule of several writers leaves one chain.

The writers are the sink's own; S3 is a dictionary that keeps to S3's conditional put, and Kafka a list of offsets
that loses its oldest under way. Writers are paused wherever they stand, between the question for the predecessor and
the put as well, and go on with what they hold.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from common import bucket
from common.settings import Settings
from contracts.landing import object_key, parse_key
from services.s3_sink import zone as zone_module
from services.s3_sink.buffer import Limits
from services.s3_sink.partition import OpenPartition, Repeat, Rewound
from services.s3_sink.zone import LandingZone, PartitionEnd, StaleEnd, Unavailable
from stack.local.isolated import make_settings

PLACE = ("t.pin", 0)
LIMITS = Limits(records=4, bytes=10**6, seconds=1.0)


@dataclass
class FakeS3:
    """The calls that the landing zone makes of its bucket, with S3's answers."""

    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    before_put: Callable[[], None] = lambda: None
    bucket: bool = True
    error: Exception | None = None
    content_types: set[str] = field(default_factory=set)
    bytes_read: int = 0

    class exceptions:  # noqa: N801 - boto3's name
        class NoSuchBucket(ClientError):  # noqa: N818 - boto3's name
            pass

    def create_bucket(self, Bucket: str) -> None:  # noqa: N803 - boto3's names, here and elsewhere
        assert Bucket == SETTINGS.bucket
        self.bucket = True

    def list_objects_v2(self, Bucket: str, Prefix: str, StartAfter: str) -> dict[str, Any]:  # noqa: N803
        self._answer("ListObjectsV2", Bucket)
        keys = sorted(key for key in self.objects if key.startswith(Prefix) and key > StartAfter)
        page: dict[str, Any] = {"IsTruncated": len(keys) > 3}
        return page | {"Contents": [{"Key": key} for key in keys[:3]]} if keys else page

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Bucket != SETTINGS.bucket or Key not in self.objects or not self.bucket:
            raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
        return {"Metadata": self.objects[Key][1]}

    def get_object(self, Bucket: str, Key: str, Range: str = "") -> dict[str, Any]:  # noqa: N803
        assert Bucket == SETTINGS.bucket
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        body = self.objects[Key][0]
        if Range and not body:
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        body = body[-int(Range.removeprefix("bytes=-")) :] if Range else body
        self.bytes_read += len(body)
        return {"Body": BytesIO(body)}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        IfNoneMatch: str,  # noqa: N803
        Metadata: dict[str, str] | None = None,  # noqa: N803
        ContentType: str = "",  # noqa: N803
    ) -> None:
        assert IfNoneMatch == "*"
        self.before_put()
        self._answer("PutObject", Bucket)
        self.content_types.add(ContentType)
        if Key in self.objects:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        self.objects[Key] = Body, Metadata or {}

    def _answer(self, operation: str, bucket: str) -> None:
        assert bucket == SETTINGS.bucket
        if self.error:
            raise self.error
        if not self.bucket:
            raise self.exceptions.NoSuchBucket({"Error": {"Code": "NoSuchBucket"}}, operation)


@dataclass(frozen=True)
class FakeRecord:
    number: int

    def offset(self) -> int:
        return self.number

    def value(self) -> bytes:
        return b"%d" % self.number


SETTINGS = make_settings(Path("nowhere"))


def zone_on_fake() -> tuple[LandingZone, FakeS3]:
    """Return a landing zone, and the S3 in which it is."""
    s3 = FakeS3()

    def client(settings: Settings, config: Config) -> FakeS3:
        # Whatever is not known to have been put is looked for in the bucket, not put again by the client.
        assert settings is SETTINGS
        assert vars(config)["retries"]["total_max_attempts"] == 1
        return s3

    with patch.object(zone_module, "s3_client", client):
        return LandingZone(SETTINGS), s3


class Writer:
    """One instance of the sink, reduced to one partition."""

    def __init__(self, zone: LandingZone, kafka: list[int]) -> None:
        self.zone = zone
        self.kafka = kafka  # shared: the offsets that Kafka still has
        self.busy = False
        self.open()

    def open(self) -> None:
        tail = self.zone.tail(*PLACE)
        last = self.zone.last_line(*PLACE, tail)
        self.partition = OpenPartition(PLACE, tail, self.zone, LIMITS, last)
        self.position = tail.next if last is None else tail.next - 1

    def act(self, count: int) -> None:
        """Take up to `count` records; none means that the object is old and is landed."""
        if self.busy:  # it is this one that is paused
            return
        self.busy = True
        try:
            if count:
                self._take([offset for offset in self.kafka if offset >= self.position][:count])
            else:
                self.partition.land()
        except Repeat as repeat:
            self.position = repeat.offset
        except StaleEnd:
            self.open()
        finally:
            self.busy = False

    def _take(self, offsets: list[int]) -> None:
        self.partition.take([FakeRecord(offset) for offset in offsets], now=0.0)
        if offsets:
            self.position = offsets[-1] + 1


WRITERS = st.integers(0, 2)
ACT = st.tuples(WRITERS, st.integers(0, 9))
EXPIRE = st.tuples(st.just(None), st.integers(0, 40))


@given(
    offsets=st.sets(st.integers(0, 40), min_size=1).map(sorted),
    schedule=st.lists(ACT | EXPIRE, max_size=60),
    interruptions=st.lists(st.lists(ACT, max_size=4), max_size=30),
)
@hypothesis_settings(max_examples=300)
def test_any_schedule_of_writers_leaves_one_chain(
    offsets: list[int],
    schedule: list[tuple[int | None, int]],
    interruptions: list[list[tuple[int, int]]],
) -> None:
    landing_zone, s3 = zone_on_fake()
    kafka = list(offsets)
    writers = [Writer(landing_zone, kafka) for _ in range(3)]
    pauses = iter(interruptions)
    depth = 0

    def others_go_on() -> None:
        nonlocal depth
        depth += 1
        if depth < 5:
            for writer, count in next(pauses, []):
                writers[writer].act(count)
        depth -= 1

    s3.before_put = others_go_on
    for writer, number in schedule:
        if writer is None:
            kafka[:] = [offset for offset in kafka if offset >= number]
        else:
            writers[writer].act(number)

    s3.before_put = lambda: None
    last = Writer(landing_zone, kafka)
    for _ in range(2 * len(offsets) + 2):
        last.act(9)
    last.act(0)
    assert_one_chain(s3, kafka)


def assert_one_chain(s3: FakeS3, kafka: list[int]) -> None:
    end, landed = 0, list[int]()
    for key in sorted(s3.objects):
        body, metadata = s3.objects[key]
        assert parse_key(key).start == end
        lines = body.split()
        assert lines == [b"%d" % (end + k) for k in range(len(lines))]
        landed += range(end, end + len(lines))
        assert not lines or int(metadata["next-offset"]) == end + len(lines)
        end = int(metadata["next-offset"])
    assert set(kafka) <= set(landed)


def test_a_gap_is_believed_at_the_second_sight_only() -> None:
    landing_zone, s3 = zone_on_fake()
    partition = OpenPartition(PLACE, PartitionEnd(None, 0), landing_zone, LIMITS)
    with pytest.raises(Repeat) as repeat:
        partition.take([FakeRecord(5)], now=0.0)
    assert (repeat.value.offset, s3.objects) == (0, {})
    partition.take([FakeRecord(0), FakeRecord(1)], now=0.0)  # it was no gap
    with pytest.raises(Repeat):
        partition.take([FakeRecord(5)], now=0.0)
    partition.take([FakeRecord(5)], now=0.0)
    partition.land()
    assert {key: metadata["next-offset"] for key, (_, metadata) in s3.objects.items()} == {
        object_key(*PLACE, 0): "2",
        object_key(*PLACE, 2): "5",
        object_key(*PLACE, 5): "6",
    }


def test_an_offset_that_comes_again_is_an_error() -> None:
    landing_zone, _ = zone_on_fake()
    partition = OpenPartition(PLACE, PartitionEnd(3, 7), landing_zone, LIMITS)
    with pytest.raises(Rewound, match="offset 0 after offset 6"):
        partition.take([FakeRecord(0)], now=0.0)


def test_a_predecessor_of_another_length_means_another_bucket() -> None:
    landing_zone, s3 = zone_on_fake()
    s3.objects[object_key(*PLACE, 0)] = b"0\n1\n2\n", {"next-offset": "3"}
    with pytest.raises(StaleEnd, match=f"^{re.escape(object_key(*PLACE, 0))} ends at 3, not at 2$"):
        landing_zone.append(*PLACE, PartitionEnd(0, 2), b"2\n", 3)
    assert list(s3.objects) == [object_key(*PLACE, 0)]


def test_a_lost_bucket_is_made_again() -> None:
    landing_zone, s3 = zone_on_fake()
    s3.bucket = False
    with pytest.raises(StaleEnd):
        landing_zone.append(*PLACE, PartitionEnd(None, 0), b"0\n", 1)
    assert landing_zone.tail(*PLACE) == PartitionEnd(None, 0)
    assert s3.bucket
    assert list(s3.objects) == [bucket.KEY]  # by which the next loss is known


def test_an_empty_object_without_metadata_is_refused() -> None:
    landing_zone, s3 = zone_on_fake()
    s3.objects[object_key(*PLACE, 0)] = b"", {}
    with pytest.raises(
        ValueError, match=r"^topics/.*\.json is empty and does not say which offset comes next$"
    ):
        landing_zone.tail(*PLACE)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ClientError({"Error": {"Code": str(code)}}, "PutObject"), kind)
        for code, kind in [
            ("PreconditionFailed", StaleEnd),
            ("ConditionalRequestConflict", StaleEnd),
            ("NoSuchBucket", StaleEnd),
            ("InternalError", Unavailable),
            (HTTPStatus.SERVICE_UNAVAILABLE.value, Unavailable),
            ("AccessDenied", Unavailable),
        ]
    ]
    + [(EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), Unavailable)],
)
def test_errors_of_s3(error: Exception, expected: type[Exception]) -> None:
    landing_zone, s3 = zone_on_fake()
    s3.error = error
    with pytest.raises(expected) as raised:
        landing_zone.append(*PLACE, PartitionEnd(None, 0), b"0\n", 1)
    assert str(raised.value) == str(error)


def test_objects_are_newline_delimited_json() -> None:
    landing_zone, s3 = zone_on_fake()
    landing_zone.append(*PLACE, PartitionEnd(None, 0), b"0\n", 1)
    assert s3.content_types == {"application/x-ndjson"}


def test_the_chain_ends_where_its_newest_object_does_among_more_than_a_page() -> None:
    landing_zone, s3 = zone_on_fake()
    tail = landing_zone.tail(*PLACE)
    for end in range(1, 9):
        tail = landing_zone.append(*PLACE, tail, b"0\n", end)
        assert landing_zone.tail(*PLACE) == tail == PartitionEnd(end - 1, end)
    assert len(s3.objects) == 8
    assert landing_zone.tail("t.pin", 1) == landing_zone.tail("t.geo", 0) == PartitionEnd(None, 0)


def test_an_object_copied_by_hand_ends_after_its_lines() -> None:
    landing_zone, s3 = zone_on_fake()
    s3.objects[object_key(*PLACE, 5)] = b"5\n6\n7\n", {}
    assert landing_zone.tail(*PLACE) == PartitionEnd(5, 8)
    landing_zone.confirm(*PLACE, PartitionEnd(5, 8))


def test_the_line_before_the_chains_end() -> None:
    landing_zone, s3 = zone_on_fake()
    tail = PartitionEnd(None, 0)
    found = [landing_zone.last_line(*PLACE, tail)]
    for body, end in ((b"0\n", 1), (b"1\n2\n", 3), (b"", 9)):
        tail = landing_zone.append(*PLACE, tail, body, end)
        found.append(landing_zone.last_line(*PLACE, tail))
    assert found == [None, b"0\n", b"2\n", None]
    s3.objects.clear()
    with pytest.raises(StaleEnd):
        landing_zone.last_line(*PLACE, tail)


@pytest.mark.parametrize("length", [1, 1_000, 65_535, 65_536, 65_537, 200_000])
def test_a_last_line_of_any_length_is_found(length: int) -> None:
    landing_zone, _ = zone_on_fake()
    last = b"x" * (length - 1) + b"\n"
    tail = PartitionEnd(None, 0)
    for body, end in ((b"0\n" + last, 2), (last, 3)):
        tail = landing_zone.append(*PLACE, tail, body, end)
        assert landing_zone.last_line(*PLACE, tail) == last


def test_of_a_large_object_only_the_end_is_read() -> None:
    landing_zone, s3 = zone_on_fake()
    tail = landing_zone.append(*PLACE, PartitionEnd(None, 0), b"a post\n" * 1_000_000, 1_000_000)
    assert landing_zone.last_line(*PLACE, tail) == b"a post\n"
    assert s3.bytes_read == 65_536


def test_a_foreign_object_among_the_partitions_is_named() -> None:
    landing_zone, s3 = zone_on_fake()
    s3.objects[object_key(*PLACE, 0).replace("0.json", "x.json")] = b"", {}
    with pytest.raises(ValueError, match=r"x\.json"):
        landing_zone.tail(*PLACE)
