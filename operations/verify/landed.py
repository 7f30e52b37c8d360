"""The landing zone's records, by place: read in full, since a listing says where objects begin, not what they hold."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
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


class Object(NamedTuple):
    """An object of the landing zone: its partition, its first offset, its lines."""

    partition: int
    start: int
    lines: list[bytes]


def read(settings: Settings, topic: str, ends: Mapping[int, int]) -> Iterator[Object]:
    """The topic's objects that begin below the partitions' ends, a partition after the other, in order.

    Raises:
        ValueError: a key is not of the landing zone's contract.
    """
    s3 = s3_client(settings)
    keys = [
        key for partition, end in sorted(ends.items()) for key in _keys(s3, settings, topic, partition, end)
    ]
    with ThreadPoolExecutor(_READERS) as pool:
        for name, body in pool.map(
            lambda key: (landing.parse_key(key), read_object(s3, settings, key)), keys
        ):
            yield Object(name.partition, name.start, split_lines(body))


def _keys(s3: "S3Client", settings: Settings, topic: str, partition: int, end: int) -> Iterator[str]:
    prefix = landing.partition_prefix(topic, partition)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if landing.parse_key(item["Key"]).start < end:
                yield item["Key"]


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


def walks(objects: list[Object], ends: Mapping[int, int]) -> dict[int, OffsetCoverage]:
    """By partition, whether its objects are a chain up to its end."""
    places: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for each in objects:
        places[each.partition].append((each.start, len(each.lines)))
    return {partition: walk(places[partition], end) for partition, end in ends.items()}
