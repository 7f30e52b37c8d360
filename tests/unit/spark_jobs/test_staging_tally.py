"""Test what is counted of staged records: by object, by outcome, and by code."""

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from spark_jobs.batch import held, staging
from spark_jobs.batch.ranges import ObjectCount
from spark_jobs.batch.tally import Tally

STAGED = (
    "partition int, start bigint, lines bigint, offset bigint, reasons array<string>, warnings array<string>"
)
Staged = tuple[int, int, int, int, list[str], list[str]]


TallyOf = Callable[..., Tally]


@pytest.fixture(params=["by Spark", "in process"])
def tally_of(spark: SparkSession, request: pytest.FixtureRequest) -> TallyOf:
    """Either way's tally of such rows."""

    def found(*rows: Staged) -> Tally:
        staged = spark.createDataFrame([*rows], STAGED)
        return staging.tally(staged) if request.param == "by Spark" else held.tally(staged.toArrow())

    return found


def test_an_objects_records_are_counted_together_whatever_the_verdict(tally_of: TallyOf) -> None:
    found = tally_of(
        (0, 10, 3, 10, [], []),
        (0, 10, 3, 11, ["not_json"], []),
        (0, 10, 3, 12, [], ["follower_count_unreadable"]),
        (1, 10, 2, 11, [], []),
        (1, 10, 2, 10, ["bad_ind"], []),
        (0, 20, 2, 21, [], []),
    )
    assert found.objects == (
        ObjectCount(0, 10, 3, records=3, first=10, last=12),
        ObjectCount(0, 20, 2, records=1, first=21, last=21),
        ObjectCount(1, 10, 2, records=2, first=10, last=11),
    )
    assert (found.accepted, found.quarantined) == (4, 2)


def test_a_record_counts_under_each_of_its_codes(tally_of: TallyOf) -> None:
    warned = ["follower_count_unreadable"]
    found = tally_of(
        *((0, 0, 9, offset, ["bad_ind", "age_unreadable"], []) for offset in range(3)),
        (0, 0, 9, 3, ["bad_ind"], []),
        *((0, 0, 9, offset, [], warned) for offset in (4, 5)),
    )
    assert found.reasons == {"bad_ind": 4, "age_unreadable": 3}
    assert found.warnings == {"follower_count_unreadable": 2}
    assert (found.accepted, found.quarantined) == (2, 4)


def test_no_record_at_all(tally_of: TallyOf) -> None:
    assert tally_of() == Tally(objects=(), accepted=0, quarantined=0, reasons={}, warnings={})
