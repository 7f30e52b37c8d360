"""Data-quality thresholds: what a run may look like before people are told, and before it counts as failed."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.settings import Settings
from contracts.tables import Table


@dataclass(frozen=True)
class Quality:
    """The quality measures of a table: rows served, records read and quarantined, the share of nulls by column."""

    table: Table
    row_count: int
    read: int
    quarantined: int
    null_rates: dict[str, float]


def measure(table: Table, count: int, nulls: Mapping[str, int], read: int, quarantined: int) -> Quality:
    """The measures of a table.

    Args:
        count: how many rows are served.
        nulls: how many of them have none, by column.
    """
    rates = {name: round(number / count, 6) if count else 0.0 for name, number in nulls.items()}
    return Quality(table, count, read, quarantined, rates)


def validate(settings: Settings, now: Quality, rows_before: int | None) -> tuple[list[str], list[str]]:
    """The warnings and the failures, each with its numbers.

    Args:
        rows_before: rows served after the last run, if there was one.
    """
    rate = now.quarantined / now.read if now.read else 0.0
    drop = 1 - now.row_count / rows_before if rows_before else 0.0
    rejected = f"{now.table}: {now.quarantined:,} of {now.read:,} records quarantined"
    dropped = f"{now.table}: {now.row_count:,} rows after {rows_before or 0:,}, a drop"
    allowed = settings.quality
    measured = [
        (rejected, rate, "QUALITY_QUARANTINE", allowed.quarantine),
        *(
            (f"{now.table}.{name}: nulls", share, "QUALITY_NULL", allowed.null)
            for name, share in now.null_rates.items()
        ),
        (dropped, drop, "QUALITY_DROP", allowed.drop),
    ]
    warnings, failures = [], []
    for what, share, variable, threshold in measured:
        if share > threshold.fail:
            failures.append(f"{what}: {share:.2%} is above {variable}_FAIL={threshold.fail}")
        elif share > threshold.warn:
            warnings.append(f"{what}: {share:.2%} is above {variable}_WARN={threshold.warn}")
    return warnings, failures
