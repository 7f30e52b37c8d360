"""The rows of a batch table in Delta, data file by data file: such a file never changes once it is written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import Layer, folder
from contracts.tables import DECLARATIONS, KEY, Table
from operations.verify import delta_log, digest, rows
from operations.verify.proof import DataFile
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema

PLACE = ("source_partition", "source_offset")
KafkaPosition = tuple[int, int]  # partition, offset
_ROW_PLACES = pa.schema([(KEY, pa.int64()), (PLACE[0], pa.int64()), (PLACE[1], pa.int64())])


@dataclass(frozen=True)
class Listing:
    """A Delta table in S3: the ETag of each object in its folder, by path, and which are its present content."""

    etags: Mapping[str, str]
    paths: Sequence[str]


@dataclass(frozen=True)
class Stored:
    """The present content of a Delta table.

    Attributes:
        files: by path.
        places: by `ind`, the record of each row that is not a row of the known files.
        gone: likewise, of each row of the known files that is in the table no more.
    """

    files: Mapping[str, DataFile]
    places: Mapping[int, KafkaPosition]
    gone: Mapping[int, KafkaPosition]


def listing(settings: Settings, layer: Layer, table: Table) -> Listing:
    """Return the table's files, as S3 and its log have them.

    Raises:
        ValueError: its log has a file that is not in S3.
    """
    s3, name = s3_client(settings), folder(layer, table)
    paths = delta_log.files(s3, settings.bucket, name)  # before its files: a run may add some meanwhile
    etags = {
        f"s3a://{settings.bucket}/{item['Key']}": item["ETag"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=f"{name}/")
        for item in page.get("Contents", [])
    }
    if lost := sorted(set(paths) - etags.keys()):
        raise ValueError(
            f"The Delta table {name} has lost {len(lost)} of its {len(paths)} data files, {lost[0]} the first:"
            " `make trigger FULL=1` makes it again from the landing zone."
        )
    return Listing(etags, paths)


def read(settings: Settings, table: Table, found: Listing, known: Mapping[str, DataFile]) -> Stored:
    """Return the table's content; of files that are known only the places of rows are read, and these if need be."""
    new = [path for path in found.paths if path not in known]
    contents = {path: read_file(settings, table, path) for path in new}
    files = {path: DataFile(found.etags[path], *numbers) for path, (*numbers, _) in contents.items()}
    added = _ROW_PLACES.empty_table() if not new else pa.concat_tables(each[2] for each in contents.values())
    removed = _row_places(settings, table, known.keys() - set(found.paths))
    gone = removed.join(added, [*_ROW_PLACES.names], join_type="left anti")
    same = {path: known[path] for path in found.paths if path in known}
    return Stored(same | files, _by_ind(added), _by_ind(gone))


def places_of(
    settings: Settings, table: Table, paths: Collection[str], inds: Collection[int]
) -> dict[int, KafkaPosition]:
    """Return the records that the rows of these posts were made from, of those in these files."""
    if not inds:
        return {}
    wanted = pa.array(inds, pa.int64())
    found = _row_places(settings, table, paths)
    return _by_ind(found.filter(pc.is_in(found[KEY], wanted)))


def read_file(settings: Settings, table: Table, path: str) -> tuple[int, int, pa.Table]:
    """Return how many rows a file has, their digest, and the place of each."""
    count, total = 0, 0
    places = [_ROW_PLACES.empty_table()]
    for batch in _batches(settings, table, [path], [*DECLARATIONS[table].names, *PLACE]):
        count += len(batch)
        total += digest.of_rows(rows.comparable(batch, table), table)
        places.append(batch.select(_ROW_PLACES.names).cast(_ROW_PLACES))
    return count, total % digest.MODULUS, pa.concat_tables(places)


def _row_places(settings: Settings, table: Table, paths: Collection[str]) -> pa.Table:
    """Return the place of each row of the files."""
    batches = _batches(settings, table, sorted(paths), _ROW_PLACES.names)
    return pa.concat_tables([_ROW_PLACES.empty_table(), *(each.cast(_ROW_PLACES) for each in batches)])


def _batches(
    settings: Settings, table: Table, paths: Sequence[str], names: Sequence[str]
) -> Iterator[pa.Table]:
    for batch in parquet.read(settings, paths, names, pc.scalar(True), arrow_schema(table)):
        yield pa.Table.from_batches([batch])


def _by_ind(places: pa.Table) -> dict[int, KafkaPosition]:
    columns = (places[name].to_pylist() for name in _ROW_PLACES.names)
    return {ind: (partition, offset) for ind, partition, offset in zip(*columns, strict=True)}
