"""The classified records of a run that this process can hold, as one Arrow table: Spark has no further part in them.

`staging` does the same for any number of records (docs/adr/0020-a-small-runs-records-are-held.md).
"""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from contracts.latest import BATCH_ORDER
from contracts.tables import KEY, Table
from spark_jobs.batch import staging
from spark_jobs.batch.ranges import ObjectCount
from spark_jobs.batch.tally import Tally

_OBJECT = ("partition", "start", "lines")


def stage(records: DataFrame, table: Table) -> pa.Table:
    """The records with the verdict on each, as `staging.checked` has them."""
    return staging.checked(records, table).toArrow()


def tally(staged: pa.Table) -> Tally:
    """Count the staged records."""
    rejected, warned = _any(staged, "reasons"), _any(staged, "warnings")
    return Tally(
        objects=_objects(staged),
        accepted=staged.num_rows - rejected.num_rows,
        quarantined=rejected.num_rows,
        reasons=_by_code(rejected["reasons"]),
        warnings=_by_code(warned["warnings"]),
    )


def _objects(staged: pa.Table) -> tuple[ObjectCount, ...]:
    wanted = [("offset", "count"), ("offset", "min"), ("offset", "max")]
    found = staged.group_by(_OBJECT).aggregate(wanted).sort_by([(name, "ascending") for name in _OBJECT])
    return tuple(
        ObjectCount(
            row["partition"],
            row["start"],
            row["lines"],
            records=row["offset_count"],
            first=row["offset_min"],
            last=row["offset_max"],
        )
        for row in found.to_pylist()
    )


def _by_code(codes: pa.ChunkedArray) -> dict[str, int]:
    return dict(Counter(code for of_record in codes.to_pylist() for code in of_record))


def latest_accepted(staged: pa.Table) -> tuple[pa.Table, int]:
    """Return the latest accepted row per ind, and how many others there were."""
    return latest(accepted(staged))


def latest(rows: pa.Table) -> tuple[pa.Table, int]:
    """Return the latest row per ind (`contracts.latest`), and how many others there were."""
    if pc.count_distinct(rows[KEY]).as_py() == rows.num_rows:
        return rows, 0
    order = [(KEY, "ascending"), *((name, "descending") for name in BATCH_ORDER)]
    ordered = rows.sort_by(order)
    keys = ordered[KEY].combine_chunks()
    is_first = pc.not_equal(keys[1:], keys[:-1])
    kept = ordered.filter(pa.concat_arrays([pa.array([True]), is_first]))
    return kept, rows.num_rows - kept.num_rows


def accepted(staged: pa.Table) -> pa.Table:
    """The cleaned rows, with where each came from, as `staging.accepted` has them."""
    kept = staged.filter(pc.equal(pc.list_value_length(staged["reasons"]), 0))
    rows = pa.Table.from_struct_array(kept["row"])
    rows = rows.append_column("source_partition", kept["partition"])
    return rows.append_column("source_offset", kept["offset"])


def quarantined(staged: pa.Table) -> pa.Table:
    """The rejected records, as `staging.quarantined` has them."""
    rejected = _any(staged, "reasons")
    return rejected.select(["topic", "partition", "offset", "reasons", "value"]).rename_columns(
        {"value": "raw"}
    )


def _any(staged: pa.Table, codes: str) -> pa.Table:
    """The records with at least one code in that column."""
    return staged.filter(pc.greater(pc.list_value_length(staged[codes]), 0))
