"""Test what the page Runs makes of its readings."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.readings.runs import Run
from dashboard.readings.scheduled import ScheduledRun
from dashboard.runs import cost_chart, links, mode_of, run_rows, scheduled_rows, step_chart
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE
from tests.unit.dashboard.vega import validate

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = Run(7, "incremental", WHEN, 20.0, {"plan": 1.0, "clean": 12.5}, None, 30_000, 29_000, 900, 100, 5_000)


def test_a_run_has_its_throughput() -> None:
    [row] = run_rows([RUN])
    assert (row["run"], row["seconds"], row["records/s"], row["error"]) == (7, 20.0, 1_500, "")


def test_a_run_that_read_nothing_has_none() -> None:
    failed = replace(RUN, read=0, error=HOSTILE)
    [row] = run_rows([failed])
    assert row["records/s"] is None
    assert not {"\x1b", "\u202e"} & set(row["error"])
    assert run_rows([replace(RUN, seconds=0.0)])[0]["records/s"] is None


@pytest.mark.parametrize(
    ("read", "rate"),
    [(30_000, 1_500), (20, 1), (19, 0.9), (3, 0.1)],
    ids=["fast", "one", "just below one", "slow"],
)
def test_a_slow_throughput_has_a_decimal(read: int, rate: float) -> None:
    assert run_rows([replace(RUN, read=read)])[0]["records/s"] == rate


@pytest.mark.parametrize(
    ("run", "mode"),
    [
        (replace(RUN, mode="rebuild", before=0), "first"),
        (replace(RUN, mode="rebuild"), "rebuild"),  # after a lost bucket
        (
            replace(RUN, mode="rebuild", before=0, read=0, error="ended"),
            "rebuild",
        ),  # nobody knows what was before
        (replace(RUN, mode="full", before=0), "full"),
        (RUN, "incremental"),
    ],
    ids=["first", "later", "failed", "full", "incremental"],
)
def test_the_first_run_rebuilds_nothing(run: Run, mode: str) -> None:
    assert run_rows([run])[0]["mode"] == mode_of(run) == mode
    [point] = cost_chart([replace(run, error=None, read=100)])[1]
    assert point["mode"] == mode_of(replace(run, error=None, read=100))


def test_the_cost_of_a_few_records_says_nothing_of_new_ones() -> None:
    spec, data = cost_chart([RUN, replace(RUN, run_id=8, read=100), replace(RUN, run_id=9, read=99)])
    validate(spec, data)
    assert [point["run"] for point in data] == [7, 8]
    assert min(spec["encoding"]["size"]["scale"]["range"]) >= 60
    assert spec["encoding"]["x"]["axis"] == {"tickMinStep": 1, "format": ",d"}


def test_steps_are_drawn_in_their_order() -> None:
    spec, data = step_chart({"7 incremental": RUN.steps})
    validate(spec, data)
    assert [(row["step"], row["order"]) for row in data] == [("plan", 0), ("clean", 1)]


def test_the_cost_of_new_records_is_that_of_good_runs() -> None:
    spec, data = cost_chart([RUN, replace(RUN, error="ended"), replace(RUN, read=0, mode="replay")])
    validate(spec, data)
    [point] = data
    assert (point["before"], round(point["cost"], 3)) == (5_000, 0.667)


def test_runs_of_airflow() -> None:
    found = [
        ScheduledRun("manual__2", WHEN, None, 100, 5, 80),
        ScheduledRun("scheduled__1", WHEN, 4.04, 90, 5, 70),
    ]
    last, before = scheduled_rows(found)
    assert (last["run"], last["seconds to the answers"], last["rows served"]) == ("manual__2", None, 80)
    assert (before["seconds to the answers"], before["in quarantine"]) == (4.0, 5)


def test_links_lead_to_the_ports_of_the_settings(tmp_path: Path) -> None:
    ports = {"AIRFLOW_PORT": 18080, "REST_PROXY_PORT": 18082, "NOTEBOOK_PORT": 18888}
    settings = make_settings(tmp_path, **ports, COMPOSE_PROFILES="airflow,notebook")
    assert {name: link.address for name, link in links(settings).items()} == {
        "Airflow": "http://localhost:18080/dags/pinterest_batch/runs",
        "REST proxy's API": "http://127.0.0.1:18082/docs",
        "JupyterLab": "http://127.0.0.1:18888",
    }


@pytest.mark.parametrize(
    ("profiles", "names"),
    [
        ("", ["REST proxy's API"]),
        ("stream,airflow", ["Airflow", "REST proxy's API"]),
        ("notebook", ["REST proxy's API", "JupyterLab"]),
    ],
)
def test_there_is_no_link_to_what_is_left_out(tmp_path: Path, profiles: str, names: list[str]) -> None:
    assert [*links(make_settings(tmp_path, COMPOSE_PROFILES=profiles))] == names
