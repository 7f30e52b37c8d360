"""Find the objects that have landed since the last run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from common.batch_progress import Position
from common.settings import Settings
from contracts import landing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UNBOUNDED = landing.MAX_OFFSET + 1


class LandingError(RuntimeError):
    """The landing zone breaks its contract; the message names the object."""


@dataclass(frozen=True)
class LandedObject:
    """An object of the landing zone.

    `end` is the first offset it cannot hold: where the next object begins, UNBOUNDED for the newest.
    """

    topic: str
    partition: int
    start: int
    key: str
    size: int
    end: int = UNBOUNDED


def new_objects(
    s3: "S3Client", settings: Settings, topic: str, positions: dict[int, Position]
) -> list[LandedObject]:
    """The topic's objects after the positions that hold records, by partition and offset.

    Raises:
        LandingError: a key is not of the contract, or an object begins before the last run's end.
    """
    found: list[LandedObject] = []
    for partition in _partitions(s3, settings.bucket, topic):
        position = positions.get(partition)
        listed = list(_list_after(s3, settings.bucket, topic, partition, position))
        if position and listed and listed[0].start < position.next_offset:
            raise LandingError(
                f"{listed[0].key} begins before offset {position.next_offset}, up to which the last run read"
            )
        # An empty object says where a hole in Kafka's offsets ends; there is nothing in it to read.
        found += [each for each in bounded_by_next(listed) if each.size]
    return found


def _partitions(s3: "S3Client", bucket: str, topic: str) -> list[int]:
    prefix = f"{landing.ROOT_PREFIX}{topic}/partition="
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    folders = (folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", []))
    return sorted(int(folder.removeprefix(prefix).rstrip("/")) for folder in folders)


def _list_after(
    s3: "S3Client", bucket: str, topic: str, partition: int, position: Position | None
) -> Iterator[LandedObject]:
    prefix = landing.partition_prefix(topic, partition)
    after = position.key if position else prefix
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=after)
    for page in pages:
        for item in page.get("Contents", []):
            yield landed_object(item["Key"], item["Size"])


def landed_object(key: str, size: int) -> LandedObject:
    """Return the object that a key names; LandingError if the S3 sink gives no such key."""
    try:
        return LandedObject(*landing.parse_key(key), key=key, size=size)
    except ValueError as error:
        raise LandingError(f"{error}. Only the S3 sink writes there: move it elsewhere.") from None


def bounded_by_next(objects: Sequence[LandedObject]) -> list[LandedObject]:
    """Each object ends where the next one begins, at the latest."""
    bounded = [replace(each, end=following.start) for each, following in pairwise(objects)]
    return [*bounded, *objects[-1:]]
