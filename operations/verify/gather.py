"""Look at what is there of a table's batch path, and read it, but for what is known and unchanged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common import batch_progress
from common.bucket import bucket_id
from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, Layer
from contracts.tables import Table
from operations.verify import accounts, landed, proof, served, stored
from operations.verify.landed import Extent, Listed, Object
from operations.verify.proof import LandedObject, Proof, RowGroup
from operations.verify.stored import KafkaPosition, Stored

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_QUARANTINED = 'SELECT partition, "offset" FROM quarantine.batch WHERE topic = %s'


@dataclass(frozen=True)
class Beginning:
    """The beginning of a comparison: what is there, before an object, a file or a row is read.

    Attributes:
        basis: what a proof made now is of.
        listed: the objects of the landing zone.
        delta: the objects of the Delta table.
        rejected: the places of the records in quarantine.
        read: by partition, the ranges of offsets that the runs read, in order.
        reached: by partition, the end of what they read.
    """

    basis: proof.Basis
    listed: Sequence[Listed]
    delta: stored.Listing
    rejected: set[KafkaPosition]
    read: Mapping[int, list[range]]
    reached: Mapping[int, int]


@dataclass(frozen=True)
class Contents:
    """The content of what is there.

    Attributes:
        objects: those whose lines were read.
        extents: of all objects, in the order of the listing.
        content: the Delta table.
        groups: the rows in Postgres, by transaction.
    """

    objects: list[Object]
    extents: list[Extent]
    content: Stored
    groups: Mapping[int, RowGroup]


def find(
    settings: Settings, connection: "PostgresConnection", table: Table, ends: Mapping[int, int], *, lost: bool
) -> Beginning:
    """Return what is there, with the arguments of `operations.verify.batch.check`."""
    topic = settings.topic(table)
    read = accounts.batch_offsets(connection, table, topic)
    return Beginning(
        proof.basis(connection, bucket_id(s3_client(settings), settings.bucket), table),
        landed.listed(settings, topic, ends),
        stored.listing(settings, _layer(settings), table),
        {(partition, offset) for partition, offset in accounts.ask(connection, _QUARANTINED, [topic])},
        read,
        {} if lost else _reached(read),  # what a lost bucket's run has read is to be read again
    )


def _layer(settings: Settings) -> Layer:
    """Return the folder that the Delta tables are in; an earlier version's are in another until the next run."""
    known = batch_progress.load(s3_client(settings), settings.bucket)
    return known.layer if known else BATCH


def _reached(read: Mapping[int, list[range]]) -> dict[int, int]:
    """By partition, the offset up to which the runs have read."""
    return {partition: max(each.stop for each in found) for partition, found in read.items()}


def holds(known: Proof, begin: Beginning) -> bool:
    """Return whether all that is known is as it was, rows in Postgres apart, which are looked at group by group."""
    objects = {each.key: each.etag for each in begin.listed}
    return (
        known.basis == begin.basis
        and all(begin.reached.get(partition, 0) >= end for partition, end in known.reached.items())
        and all(objects.get(key) == each.etag for key, each in known.objects.items())
        and all(begin.delta.etags.get(path) == each.etag for path, each in known.files.items())
        and known.rejected == proof.rejected_digest(begin.rejected, known.reached)
    )


def read(
    settings: Settings, connection: "PostgresConnection", table: Table, begin: Beginning, known: Proof
) -> Contents:
    """Return the content of what is there."""
    new = [each for each in begin.listed if each.key not in known.objects]
    mended = accounts.mended(connection, settings.topic(table))
    objects = landed.as_mended(landed.read(settings, new), mended)
    return Contents(
        objects,
        _extents(begin.listed, objects, known),
        stored.read(settings, table, begin.delta, known.files),
        served.groups(connection, table, known.groups),
    )


def _extents(listed: Iterable[Listed], objects: Iterable[Object], known: Proof) -> list[Extent]:
    """Return the offsets of each object: of those that are known, and of those that were read, which are the others."""
    others = iter(objects)
    counts = (
        known.objects[each.key].records if each.key in known.objects else next(others).records
        for each in listed
    )
    return [Extent(each.partition, each.start, count) for each, count in zip(listed, counts, strict=True)]


def proved(begin: Beginning, here: Contents) -> Proof:
    """Return what need not be read again, if all of it adds up."""
    reached = landed_up_to(here.extents, begin.reached)
    objects = {
        each.key: LandedObject(each.etag, extent.records)
        for each, extent in zip(begin.listed, here.extents, strict=True)
        if extent.stop <= reached.get(extent.partition, 0)
    }
    rejected = proof.rejected_digest(begin.rejected, reached)
    return Proof(begin.basis, reached, objects, dict(here.content.files), dict(here.groups), rejected)


def landed_up_to(objects: Sequence[Object | Extent], ends: Mapping[int, int]) -> dict[int, int]:
    """By partition, the end, or that of what has landed if it is lower."""
    stops: dict[int, int] = {}
    for each in objects:
        stops[each.partition] = max(stops.get(each.partition, 0), each.stop)
    return {partition: min(end, stops.get(partition, 0)) for partition, end in ends.items()}
