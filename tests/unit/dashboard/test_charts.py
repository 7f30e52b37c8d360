"""Test the charts of the nine answers: each is Vega-Lite, and has what its rows have."""

from typing import Any

import pytest

from dashboard.charts import SHOWN_BARS, answer_chart, table
from operations.query import Answer, Value, load_queries
from tests.unit.dashboard.known import HOSTILE
from tests.unit.dashboard.vega import validate

ANSWERS: dict[int, tuple[list[str], list[tuple[Value, ...]]]] = {
    1: (["country", "category", "category_count"], [("Albania", "art", 3), ("Chad", "art", 9)]),
    2: (["post_year", "category", "category_count"], [(2018, "art", 3), (2019, "art", 2)]),
    3: (["country", "poster_name", "follower_count"], [("Chad", "Ann", 5)]),
    4: (["country", "follower_count"], [("Chad", 5)]),
    5: (["age_group", "category", "category_count"], [("18-24", "art", 3), ("+50", "art", 2)]),
    6: (["age_group", "median_follower_count"], [("18-24", 1.5), ("+50", None)]),
    7: (["join_year", "number_users_joined"], [(2015, 4)]),
    8: (["join_year", "median_follower_count"], [(2015, 4.5)]),
    9: (["join_year", "age_group", "median_follower_count"], [(2015, "18-24", 4.5), (2015, "+50", None)]),
}


def chart(number: int) -> tuple[dict[str, Any], list[dict[str, Value]]]:
    columns, rows = ANSWERS[number]
    return answer_chart(number, Answer(columns, rows))


def test_there_is_one_for_each_question() -> None:
    assert ANSWERS.keys() == load_queries().keys()


@pytest.mark.parametrize("number", ANSWERS)
def test_it_is_vega_lite_and_names_fields_that_are_there(number: int) -> None:
    spec, data = chart(number)
    validate(spec, data)


@pytest.mark.parametrize(("number", "mark"), [(1, "bar"), (2, "bar"), (6, "bar"), (7, "line"), (9, "line")])
def test_years_are_lines_and_the_rest_bars(number: int, mark: str) -> None:
    assert chart(number)[0]["mark"]["type"] == mark


def test_bars_of_countries_are_the_longest_ones_and_others_keep_their_order() -> None:
    rows: list[tuple[Value, ...]] = [(f"land {n}", n) for n in range(100)]
    _, data = answer_chart(4, Answer(["country", "follower_count"], rows))
    assert [row["follower_count"] for row in data] == [*range(99, 99 - SHOWN_BARS, -1)]
    assert [row["label"] for row in chart(5)[1]] == ["18-24 · art", "+50 · art"]


def test_what_has_no_value_is_in_the_table_alone() -> None:
    assert [row["age_group"] for row in chart(6)[1]] == ["18-24"]
    assert table(*ANSWERS[6])[1] == {"age_group": "+50", "median_follower_count": None}


def test_text_of_records_is_visible() -> None:
    answer = Answer(["country", "poster_name", "follower_count"], [("a", HOSTILE, 1)])
    spec, data = answer_chart(3, answer)
    texts = f"{spec}{data}{table(answer.columns, answer.rows)}"
    assert not {"\x1b", "\u202e"} & set(texts)
