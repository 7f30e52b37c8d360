"""Read rows of Parquet files on S3 with Arrow, without Spark (docs/adr/0009-arrow-copies-into-postgres.md).

Arrow reads and writes a million posts in 3 s of CPU; through Spark's Python workers it was 15 to 40.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow.fs import FileSystem, S3FileSystem

from common.clients import aws_options
from common.settings import Settings
from contracts.run_counts import OffsetRange

_BATCH_ROWS = 10_000  # some 5 MB of CSV
# Spark's default for times is INT96, of which Arrow makes nanoseconds: those hold 1677 to 2262, and other years wrap.
_FORMAT = ds.ParquetFileFormat(coerce_int96_timestamp_unit="us")
_TIME = pa.timestamp("us", "UTC")
_NONE = pa.schema([])


def read(
    settings: Settings,
    files: Sequence[str],
    columns: Sequence[str],
    condition: pc.Expression,
    declared: pa.Schema = _NONE,
) -> Iterator[pa.RecordBatch]:
    """The rows of the files (`s3a://bucket/key`) for which the condition holds; times are as in `dataset`.

    Args:
        declared: the columns that older files may lack, as in `dataset`.
    """
    if not files:
        return
    rows = dataset([file.partition("://")[2] for file in files], _s3(settings), declared)
    # Little is read ahead: a batch is megabytes, and COPY is slower than Arrow.
    yield from rows.to_batches(
        columns=list(columns),
        filter=condition,
        batch_size=_BATCH_ROWS,
        batch_readahead=2,
        fragment_readahead=1,
    )


def dataset(paths: Sequence[str], filesystem: FileSystem, declared: pa.Schema = _NONE) -> ds.Dataset:
    """The files' rows; every time is in microseconds of UTC, every text a string, whatever wrote it.

    Args:
        declared: columns that files may lack, as they are older; such a file's rows have nulls in them.
    """
    factory = ds.FileSystemDatasetFactory(filesystem, list(paths), _FORMAT)
    found = factory.inspect(fragments=1)
    later = (field for field in declared if field.name not in found.names)
    return factory.finish(pa.schema([*map(_plain, found), *later]))


def _plain(field: pa.Field) -> pa.Field:
    return field.with_type(_plain_type(field.type))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):  # delta-rs writes it, and few functions of Arrow take it
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_field))
    return _TIME if pa.types.is_timestamp(kind) else kind


def _s3(settings: Settings) -> S3FileSystem:
    options = aws_options(settings)
    endpoint = urlsplit(options["endpoint_url"] or "https:")
    return S3FileSystem(
        access_key=options["aws_access_key_id"],
        secret_key=options["aws_secret_access_key"],
        region=options["region_name"],
        scheme=endpoint.scheme,
        endpoint_override=endpoint.netloc or None,
    )


def from_ranges(
    ranges: Sequence[OffsetRange], partition: str, offset: str, topic: str | None = None
) -> pc.Expression:
    """The condition that a row's record is in one of the ranges.

    Args:
        ranges: at least one.
        partition: the name of the column with the record's partition.
        offset: the name of the column with its offset.
        topic: the name of the column with its topic; None in a table that is of one topic.
    """
    return reduce(or_, (_holds(each, partition, offset, topic) for each in ranges))


def from_places(places: Mapping[int, Sequence[int]], partition: str, offset: str) -> pc.Expression:
    """The condition that a row's record is one of those at the offsets, by partition; there is at least one."""
    held = (
        (pc.field(partition) == number) & pc.field(offset).isin(list(offsets))
        for number, offsets in places.items()
    )
    return reduce(or_, held)


def _holds(each: OffsetRange, partition: str, offset: str, topic: str | None) -> pc.Expression:
    at = pc.field(offset)
    held = (pc.field(partition) == each.partition) & (at >= each.first) & (at < each.end)
    return held & (pc.field(topic) == each.topic) if topic else held
