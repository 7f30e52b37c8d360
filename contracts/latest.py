"""The order of the records of one `ind`, of which the latest one's row is kept.

Every comparison of records in the project, in Spark, in Arrow or in SQL, is made of these columns.
"""

from collections.abc import Sequence

BATCH_ORDER = ("source_offset", "source_partition")
"""Batch path: the higher offset in Kafka, then the higher partition.

Records of one key are in one partition, so their order is the one in which they were sent.
"""

SPEED_ORDER = ("arrived_at", "sequence_number")
"""Speed path: the later arrival at Kinesis, then the higher sequence number, as a number."""


def is_not_older(keys: Sequence[str]) -> str:
    """Return an SQL condition: the row `new` takes the place of the row `old`.

    A row of the same record does, so that a repeated run finds the same rows its own.

    Args:
        keys: what is compared, the most important first; `{row}` in each stands for `new` or `old`.
    """
    key, *others = keys
    new, old = key.format(row="new"), key.format(row="old")
    if not others:
        return f"{new} >= {old}"
    return f"{new} > {old} OR ({new} = {old} AND ({is_not_older(others)}))"
