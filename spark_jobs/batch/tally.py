"""The counts of a table's records, each of which has its verdict."""

from dataclasses import dataclass

from spark_jobs.batch.ranges import ObjectCount


@dataclass(frozen=True)
class Tally:
    """The counts of the staged records. A record may have several reasons."""

    objects: tuple[ObjectCount, ...]
    accepted: int
    quarantined: int
    reasons: dict[str, int]
    warnings: dict[str, int]
