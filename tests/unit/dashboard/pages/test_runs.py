"""Test the page Runs on known readings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.pages import runs
from dashboard.reading import Reading
from dashboard.readings.dag_runs import DagRun, TaskRun
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
PASSED = DagRun("manual__2026", "success", None, WHEN, 40.0, (TaskRun("landed", "success", 1.0),))
FAILED = replace(
    PASSED,
    run_id="manual__2",
    state="failed",
    started_at=WHEN + timedelta(hours=1),
    tasks=(TaskRun("landed", "failed", 1.0),),
)


def shown(tmp_path: Path, profiles: str = "stream,airflow", **known: object) -> AppTest:
    settings = make_settings(tmp_path, COMPOSE_PROFILES=profiles)
    return run(runs, KnownSources(settings, **known))  # type: ignore[arg-type]


def test_runs_of_the_batch_job_and_of_airflow(tmp_path: Path) -> None:
    app = shown(
        tmp_path,
        batch_runs=Reading(RUNS),
        scheduled_runs=Reading(SCHEDULED),
        airflow_runs=Reading((FAILED, PASSED)),
    )
    batch, airflow = (frame.value.to_dict("records") for frame in app.dataframe)
    assert [(row["run"], row["mode"]) for row in batch] == [(2, "replay"), (1, "first")]
    assert [(row["run"], row["state"]) for row in airflow] == [
        ("manual__2", "failed"),
        ("manual__2026", "success"),
    ]
    assert airflow[1]["rows served"] == 80
    assert len(specs(app, "vega_lite_chart")) == 3
    assert not any("onerror" in text for text in marked_up(app))


def test_a_run_that_failed_is_red_and_says_what_to_do(tmp_path: Path) -> None:
    app = shown(tmp_path, airflow_runs=Reading((FAILED, PASSED)))
    [error] = texts(app, "error")
    assert error.startswith("**Run `manual__2` failed**: `landed`. `make status`")
    assert "`make trigger`" in error
    assert "/dags/pinterest_batch/runs/manual__2)" in error


def test_a_hostile_run_id_is_no_markup(tmp_path: Path) -> None:
    app = shown(tmp_path, airflow_runs=Reading((replace(FAILED, run_id=HOSTILE),)))
    [error] = texts(app, "error")
    assert error.startswith("**Run `` ") or error.startswith("**Run `<img")
    assert not {"\x1b", "\u202e"} & set(error)
    assert "](http://localhost" in error


def test_while_airflow_is_down_what_it_had_or_kept_is_shown(tmp_path: Path) -> None:
    app = shown(tmp_path, airflow_runs=Reading(None, "refused"), scheduled_runs=Reading(SCHEDULED))
    [error] = texts(app, "error")
    assert error.startswith("Airflow does not answer")
    assert "Those that passed, as Postgres has them:" in texts(app, "caption")
    assert app.dataframe[0].value.to_dict("records")[0]["rows served"] == 80
    app = shown(tmp_path, airflow_runs=Reading((PASSED,), "refused"))
    assert len(texts(app, "error")) == len(app.dataframe) == 1


def test_links_lead_to_the_uis(tmp_path: Path) -> None:
    app = shown(tmp_path)
    assert len(app.get("link_button")) == 2
    assert any("no link to Spark's UI: it is off" in text for text in texts(app, "caption"))
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
    app = shown(tmp_path, "stream", airflow_runs=Reading(None, "refused"), scheduled_runs=Reading(SCHEDULED))
    assert "`make batch`" in texts(app, "info")[-1]
    assert texts(app, "error") == []
    assert len(app.dataframe) == 1
