"""The landing zone's objects and records: a listing says where objects begin, and only their lines what they hold."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from common.clients import s3_client
from common.settings import Settings
from contracts import landing
from operations.verify.accounts import Mended
from operations.verify.chain import OffsetCoverage, walk

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# LocalStack gains nothing beyond a few requests at a time.
_READERS = 4


class Listed(NamedTuple):
    """An object as a listing has it: its key, its partition, its first offset, and the ETag of its content."""

    key: str
    partition: int
    start: int
    etag: str


class Extent(NamedTuple):
    """The offsets of an object: its partition, its first offset, how many records it has."""

    partition: int
    start: int
    records: int

    @property
    def stop(self) -> int:
        """The offset after its last record."""
        return self.start + self.records


class Object(NamedTuple):
    """An object of the landing zone: its partition, its first offset, its lines."""

    partition: int
    start: int
    lines: list[bytes]

    @property
    def records(self) -> int:
        """The number of its records."""
        return len(self.lines)

    @property
    def stop(self) -> int:
        """The offset after its last record."""
        return self.start + len(self.lines)


def listed(settings: Settings, topic: str, ends: Mapping[int, int]) -> list[Listed]:
    """The topic's objects that begin below the partitions' ends, a partition after the other, in order.

    Raises:
        ValueError: a key is not of the landing zone's contract.
    """
    s3 = s3_client(settings)
    partitions = (_of_partition(s3, settings, topic, each) for each in sorted(ends))
    return [each for found in partitions for each in found if each.start < ends[each.partition]]


def _of_partition(s3: "S3Client", settings: Settings, topic: str, partition: int) -> Iterator[Listed]:
    prefix = landing.partition_prefix(topic, partition)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            yield Listed(item["Key"], partition, landing.parse_key(item["Key"]).start, item["ETag"])


def read(settings: Settings, objects: Sequence[Listed]) -> list[Object]:
    """The objects with their lines, in the same order."""
    s3 = s3_client(settings)
    with ThreadPoolExecutor(_READERS) as pool:
        bodies = pool.map(lambda each: read_object(s3, settings, each.key), objects)
        return [
            Object(each.partition, each.start, split_lines(body))
            for each, body in zip(objects, bodies, strict=True)
        ]


def from_offsets(objects: Sequence[Object], first: Mapping[int, int]) -> list[Object]:
    """The objects without their lines below these offsets, by partition."""
    cut = ((each, max(0, first.get(each.partition, 0) - each.start)) for each in objects)
    return [each._replace(start=each.start + count, lines=each.lines[count:]) for each, count in cut]


def read_object(s3: "S3Client", settings: Settings, key: str) -> bytes:
    """Return what an object holds."""
    return s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read()


def split_lines(body: bytes) -> list[bytes]:
    """Only a newline ends a line, as in the batch job."""
    return body.removesuffix(b"\n").split(b"\n") if body else []


def text(line: bytes) -> str:
    """A line as the batch job reads it: bytes that are not UTF-8 as `\\x..`."""
    return line.decode("utf-8", "backslashreplace")


def as_mended(objects: list[Object], texts: Mapping[tuple[int, int], Mended]) -> list[Object]:
    """The objects, with the texts that records were mended to, by partition and offset, in their lines' place."""
    if not texts:
        return objects
    return [each._replace(lines=[*_as_mended(each, texts)]) for each in objects]


def _as_mended(each: Object, texts: Mapping[tuple[int, int], Mended]) -> Iterator[bytes]:
    for offset, line in enumerate(each.lines, each.start):
        mended = texts.get((each.partition, offset))
        is_mended = mended is not None and mended.landed == text(line).replace("\0", r"\x00")
        yield mended.text.encode() if mended is not None and is_mended else line


def walks(objects: Sequence[Object | Extent], ends: Mapping[int, int]) -> dict[int, OffsetCoverage]:
    """By partition, whether its objects are a chain up to its end."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for each in objects:
        places[each.partition].append((each.start, each.records))
    return {partition: walk(places[partition], end) for partition, end in ends.items()}
