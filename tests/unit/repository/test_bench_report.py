"""The form of a benchmark's result."""

import pytest

from bench import containers
from bench.report import Row, replace_section


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("rate", 80_000, "records/s", baseline=170_000, aim=0.4), True),
        (Row("rate", 60_000, "records/s", baseline=170_000, aim=0.4), False),
        (Row("p50", 0.65, "ms", aim=0.7, better="lower"), True),
        (Row("p50", 0.75, "ms", aim=0.7, better="lower"), False),
        (Row("seconds", 3, "s"), None),
    ],
)
def test_aim_is_compared_with_the_ratio_or_else_with_the_value(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_a_section_is_replaced_in_place_and_its_neighbours_stay() -> None:
    document = replace_section(replace_section("# Benchmarks\n", "Ingest", "one"), "Batch", "two")
    again = replace_section(document, "Ingest", "three")
    assert again == document.replace("one", "three")
    assert again.index("three") < again.index("two")


def test_the_rate_of_a_stream_is_that_of_posts_and_none_where_nothing_was_told() -> None:
    assert containers.posts_a_second(
        "stream: 54,000 records acknowledged in 1962.3 s, 28/s\n"
    ) == pytest.approx(9.17, abs=0.01)
    assert containers.posts_a_second("make: *** Error 1") == 0
