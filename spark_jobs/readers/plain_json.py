"""Read the fields of landed records with Arrow where an object holds no surprise; Spark's parser reads the others.

It takes half the time of Spark's parser (docs/adr/0004-arrow-reads-the-landing-zone.md).

Workers import this module, so it takes nothing but pyarrow (`landing_reader` says why).
"""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json

# Characters of the longest number that Spark's parser takes; a line that is no longer holds none that is.
_LONGEST_NUMBER = 1000


def fields(body: bytes, lines: pa.StringArray, kinds: pa.Schema) -> pa.StructArray:
    """The fields of each line: the key as int, all others as text; numbers keep their value, not their spelling.

    Args:
        body: the lines, each of which ends in a newline.
        lines: the same, one by one.
        kinds: as for `landing_reader.read_objects`, the key first.

    Returns:
        a struct of them for each line. All are null unless every line is one JSON object that has no other field, none
        twice, and none of another kind; a field may be null or absent.
    """
    columns = _columns(body, lines, kinds)
    if columns is None:
        key, *others = kinds.names
        kind = pa.struct({key: kinds.field(key).type} | dict.fromkeys(others, pa.string()))
        return pa.nulls(len(lines), kind)
    key, *others = columns
    return pa.StructArray.from_arrays([key, *(each.cast(pa.string()) for each in others)], kinds.names)


def _columns(body: bytes, lines: pa.StringArray, kinds: pa.Schema) -> list[pa.Array] | None:
    # An object that begins a line also ends in it: no field may hold the object that the next line begins with.
    if not pc.all(pc.starts_with(lines, "{")).as_py() or _may_hold_long_numbers(lines, kinds):
        return None
    try:
        batch = _read(body, kinds)
        # Arrow's parser does not ask whether texts are UTF-8. Where the body is not, the lines are not as it has them.
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return None
    columns: list[pa.Array] = batch.columns
    return columns if batch.num_rows == len(lines) and all(map(_is_json, columns)) else None


def _may_hold_long_numbers(lines: pa.StringArray, kinds: pa.Schema) -> bool:
    return pa.float64() in kinds.types and (pc.max(pc.binary_length(lines)).as_py() or 0) > _LONGEST_NUMBER


def _read(body: bytes, kinds: pa.Schema) -> pa.RecordBatch:
    table = json.read_json(
        pa.BufferReader(body),
        # In one block and thread: Spark has a worker for each core.
        json.ReadOptions(use_threads=False, block_size=len(body) + 1),
        json.ParseOptions(explicit_schema=kinds, unexpected_field_behavior="error"),
    )
    (batch,) = table.select(kinds.names).combine_chunks().to_batches()
    return batch


def _is_json(column: pa.Array) -> bool:
    """Return whether it has no NaN or Infinity, which Arrow's parser takes and JSON has not."""
    return not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False
