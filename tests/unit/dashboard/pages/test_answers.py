"""Test the page Answers on known answers."""

import json
from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.pages import answers
from dashboard.reading import Reading
from dashboard.readings.answers import Asked, Kept
from operations.query import Answer, load_queries
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE, KnownSources
from tests.unit.dashboard.pages.page import marked_up, run, specs, texts

SIDES = Answer(["table_name", "from_batch", "from_speed", "covered"], [("pin", 20, 1, 2)])
COUNTED = Answer(["country", "category", "category_count"], [("Albania", "art", 3), ("Chad", "travel", 9)])


def shown(tmp_path: Path, **known: object) -> AppTest:
    return run(answers, KnownSources(make_settings(tmp_path), **known))  # type: ignore[arg-type]


def asked(answer: Answer) -> dict[int, Reading[Asked]]:
    return {1: Reading(Asked(answer, SIDES, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 0.2), None, 100.0)}


def test_an_answer_is_a_chart_beside_its_rows_its_sql_and_its_sides(tmp_path: Path) -> None:
    app = shown(tmp_path, answers=asked(COUNTED))
    [chart] = specs(app, "vega_lite_chart")
    assert json.loads(chart)["mark"]["type"] == "bar"
    rows, sides = (frame.value.to_dict("records") for frame in app.dataframe)
    assert rows == [dict(zip(COUNTED.columns, row, strict=True)) for row in COUNTED.rows]
    assert sides == [{"table_name": "pin", "from_batch": 20, "from_speed": 1, "covered": 2}]
    assert texts(app, "code") == [load_queries()[1].sql.strip()]
    assert "2 rows, asked at 03:04:05 UTC, in 0.2 s." in texts(app, "caption")
    assert len(app.get("download_button")) == 1


def test_each_question_can_be_chosen(tmp_path: Path) -> None:
    app = shown(tmp_path)
    assert [option[:2] for option in app.selectbox[0].options] == [f"{number}." for number in range(1, 10)]
    app.selectbox[0].select_index(8).run()
    assert texts(app, "code") == [load_queries()[9].sql.strip()]


def test_while_postgres_is_at_work_the_kept_answer_is_shown(tmp_path: Path) -> None:
    kept = {1: Kept(COUNTED, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))}
    app = shown(tmp_path, asking={1}, kept_answers=Reading(kept))
    assert texts(app, "info") == ["Postgres is answering. Of a million posts that takes seconds."]
    assert "The answer that Airflow's last run kept at 2026-01-02 03:04:05 UTC:" in texts(app, "caption")
    assert len(app.dataframe) == 1


def test_a_dead_postgres_is_red_and_says_what_to_do(tmp_path: Path) -> None:
    app = shown(tmp_path, answers={1: Reading(None, f"refused {HOSTILE}")})
    [error] = texts(app, "error")
    assert "`make up`" in error
    assert texts(app, "text")[0].startswith("refused ")
    assert not {"\x1b", "\u202e"} & set(texts(app, "text")[0])


def test_an_empty_stack_says_how_to_go_on(tmp_path: Path) -> None:
    app = shown(tmp_path, answers=asked(Answer(COUNTED.columns, [])))
    assert texts(app, "info") == [
        "No rows yet. `make emulate` sends posts, `make landed batch` serves all of them."
    ]


def test_text_of_records_is_shown_as_text(tmp_path: Path) -> None:
    app = shown(tmp_path, answers=asked(Answer(COUNTED.columns, [(HOSTILE, HOSTILE, 1)])))
    assert not any("onerror" in text for text in marked_up(app))
    assert "onerror" not in specs(app, "vega_lite_chart")[0]
    assert "onerror" in str(app.dataframe[0].value.to_dict())


def test_of_many_countries_the_chart_has_the_largest(tmp_path: Path) -> None:
    many = Answer(COUNTED.columns, [(f"land {n}", "art", n) for n in range(1, 101)])
    app = shown(tmp_path, answers=asked(many))
    assert "The 30 largest of 100 rows; the table has all." in texts(app, "caption")
    assert len(app.dataframe[0].value) == 100
