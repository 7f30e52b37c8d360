"""Test the page Runs on known readings."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.pages import runs
from dashboard.reading import Reading
from dashboard.readings.runs import Run
from dashboard.readings.scheduled import ScheduledRun
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE, KnownSources
from tests.unit.dashboard.pages.page import marked_up, run, specs, texts

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUNS = (
    Run(2, "replay", WHEN, 3.0, {"replay": 3.0}, HOSTILE, 0, 1, 0, -1, 80),
    Run(1, "rebuild", WHEN, 20.0, {"clean": 20.0}, None, 100, 80, 15, 5, 0),
)
SCHEDULED = (ScheduledRun("manual__2026", WHEN, 4.0, 100, 5, 80),)


def shown(tmp_path: Path, profiles: str = "stream,airflow", **known: object) -> AppTest:
    settings = make_settings(tmp_path, COMPOSE_PROFILES=profiles)
    return run(runs, KnownSources(settings, **known))  # type: ignore[arg-type]


def test_runs_of_the_batch_job_and_of_airflow(tmp_path: Path) -> None:
    app = shown(tmp_path, batch_runs=Reading(RUNS), scheduled_runs=Reading(SCHEDULED))
    batch, scheduled = (frame.value.to_dict("records") for frame in app.dataframe)
    assert [(row["run"], row["mode"]) for row in batch] == [(2, "replay"), (1, "first")]
    assert scheduled[0]["rows served"] == 80
    assert len(specs(app, "vega_lite_chart")) == 2
    assert not any("onerror" in text for text in marked_up(app))


def test_links_lead_to_the_uis(tmp_path: Path) -> None:
    app = shown(tmp_path)
    assert len(app.get("link_button")) == 2
    assert not any("NOTEBOOK_TOKEN" in text for text in texts(app, "caption"))


def test_jupyterlabs_link_says_where_its_token_is(tmp_path: Path) -> None:
    app = shown(tmp_path, profiles="stream,airflow,notebook")
    assert len(app.get("link_button")) == 3
    assert "Its token is NOTEBOOK_TOKEN in `.env`." in texts(app, "caption")


def test_runs_of_few_records_have_no_chart_of_costs(tmp_path: Path) -> None:
    app = shown(tmp_path, batch_runs=Reading((replace(RUNS[1], read=99),)))
    assert len(specs(app, "vega_lite_chart")) == 1
    assert "No run of 100 records or more yet." in texts(app, "caption")


def test_an_empty_stack_says_how_to_go_on(tmp_path: Path) -> None:
    first, second = texts(shown(tmp_path), "info")
    assert "`make landed batch`" in first
    assert "`make trigger`" in second


def test_a_dead_postgres_is_red_and_what_was_read_stays(tmp_path: Path) -> None:
    app = shown(tmp_path, batch_runs=Reading(RUNS, "refused"), scheduled_runs=Reading(None, "refused"))
    assert [error[:24] for error in texts(app, "error")] == ["Postgres does not answer"] * 2
    assert texts(app, "text") == ["refused", "refused"]
    assert len(app.dataframe) == 1


def test_without_airflow_there_is_a_command(tmp_path: Path) -> None:
    assert "`make batch`" in texts(shown(tmp_path, profiles="stream"), "info")[-1]
