"""Test what `make trigger` and `make backfill` print where their output is no terminal, and what they refuse."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from common.airflow import AirflowError
from common.terminal import make_console
from operations.airflow import backfill, trigger
from stack.local.isolated import make_settings
from tests.commands import run_program

DAYS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 10, 23, tzinfo=UTC))


@pytest.fixture
def file() -> Console:
    return make_console(file=io.StringIO(), width=80)


def printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture(autouse=True)
def _asks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(check: Any, **_: object) -> Any:  # noqa: ANN401
        while not (found := check()):
            pass
        return found

    monkeypatch.setattr(trigger, "wait_until", ask)
    monkeypatch.setattr(backfill, "wait_until", ask)


def test_a_task_of_a_run_is_named_as_it_begins_and_ends(
    file: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def task(name: str, state: str | None, duration: float | None) -> dict[str, Any]:
        return {"task_id": name, "state": state, "duration": duration, "start_date": None, "try_number": 1}

    pictures = iter(
        [
            [task("landed", "running", None), task("clean_and_publish", None, None)],
            [task("landed", "success", 1.5), task("clean_and_publish", "running", None)],
            [task("landed", "success", 1.5), task("clean_and_publish", "failed", 20.0)],
        ]
    )
    states = iter(["running", "running", "failed"])
    monkeypatch.setattr(trigger, "run_of", lambda *_: {"state": next(states), "dag_run_id": "manual"})
    monkeypatch.setattr(trigger, "tasks_of", lambda *_: next(pictures))
    api: Any = None
    assert not trigger.follow(api, "manual", file)
    assert printed(file)[:4] == [
        "landed: running",
        "landed: success after 1.5 s",
        "clean_and_publish: running",
        "clean_and_publish: failed after 20.0 s",
    ]


class Backfilled:
    """An API that ends one more of 130 days each time it is asked, the last of them badly."""

    def __init__(self) -> None:
        self.ended = 0

    def get(self, _: str) -> dict[str, Any]:
        return {"completed_at": None if self.ended < 130 else "2026-05-11T00:00:00Z"}

    def get_all(self, _path: str, _key: str, **_: object) -> list[dict[str, Any]]:
        self.ended += 1
        return [self._run(number) for number in range(130)]

    def _run(self, number: int) -> dict[str, Any]:
        day = f"{DAYS[0] + timedelta(days=number):%Y-%m-%dT12:00:00Z}"
        if number >= self.ended:
            return {"logical_date": day, "state": "queued", "duration": None}
        return {"logical_date": day, "state": "failed" if number == 129 else "success", "duration": 20.0}


def test_a_long_backfill_prints_a_line_a_day_within_80_columns(file: Console) -> None:
    api: Any = Backfilled()
    assert not backfill.follow(api, 1, DAYS, file)
    lines = printed(file)
    assert len(lines) == 131
    assert max(map(len, lines)) <= 80
    assert lines[0] == "2026-01-01: success after 20.0 s"
    assert lines[-2:] == ["2026-05-10: failed after 20.0 s", "129 of 130 days succeeded."]


class Api:
    """An API that notes what it is asked, and knows the DAG."""

    def __init__(self, dags: tuple[str, ...] = ("pinterest_batch",), **answers: list[dict[str, Any]]) -> None:
        self.dags, self.answers = dags, answers
        self.calls: list[tuple[Any, ...]] = []

    def get_all(self, path: str, key: str, **query: object) -> list[dict[str, Any]]:
        if path == "dags":
            return [{"dag_id": name} for name in self.dags]
        self.calls.append((path, key, query))
        return list(self.answers[key])

    def patch(self, path: str, body: dict[str, Any]) -> None:
        self.calls.append((path, body))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((path, body))
        return {"id": "7", "dag_run_id": "manual__1"}


def test_a_backfill_repeats_finished_days_one_at_a_time() -> None:
    api: Any = Api()
    assert backfill.start(api, DAYS) == 7
    assert api.calls == [
        ("dags/pinterest_batch", {"is_paused": False}),
        (
            "backfills",
            {
                "dag_id": "pinterest_batch",
                "from_date": "2026-01-01T00:00:00+00:00",
                "to_date": "2026-05-10T23:00:00+00:00",
                "reprocess_behavior": "completed",
                "max_active_runs": 1,
            },
        ),
    ]


def test_a_backfill_of_a_dag_that_airflow_has_not_read_is_refused() -> None:
    api: Any = Api(dags=("pinterest_batch_old",))
    with pytest.raises(AirflowError, match="has not read the DAG pinterest_batch yet; try again"):
        backfill.start(api, DAYS)
    assert api.calls == []


def test_a_backfill_s_runs_are_those_of_its_days() -> None:
    api: Any = Api(dag_runs=[{"state": "success"}])
    assert backfill.runs_of(api, DAYS) == [{"state": "success"}]
    assert api.calls == [
        (
            "dags/pinterest_batch/dagRuns",
            "dag_runs",
            {
                "order_by": "logical_date",
                "logical_date_gte": "2026-01-01T00:00:00+00:00",
                "logical_date_lte": "2026-05-10T23:00:00+00:00",
            },
        )
    ]


@pytest.mark.parametrize(
    ("states", "succeeded"), [([], False), (["success"], True), (["success", "failed"], False)]
)
def test_a_backfill_has_succeeded_when_there_were_runs_and_all_did(
    states: list[str], succeeded: bool, file: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [
        {"logical_date": f"2026-01-0{day}T12:00:00Z", "state": state, "duration": 1.0}
        for day, state in enumerate(states, 1)
    ]
    monkeypatch.setattr(backfill, "runs_of", lambda *_: runs)
    api: Any = Backfilled()
    api.ended = 130
    assert backfill.follow(api, 1, DAYS, file) == succeeded


@pytest.fixture
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "load_settings", lambda: make_settings(tmp_path))


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        (True, 0, ""),
        (False, 1, ""),
        (AirflowError("not there"), 1, "Airflow: not there\nSee `make status`; `make up` starts it."),
        (TimeoutError("no end"), 1, "Airflow: no end\nSee `make status`; `make up` starts it."),
    ],
    ids=["succeeded", "failed", "no Airflow", "no end"],
)
def test_make_backfill_ends_with_the_days_result(
    outcome: bool | Exception,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    started: list[backfill.Days] = []

    def start(_: object, days: backfill.Days) -> int:
        started.append(days)
        return 7

    def follow(*_: object) -> bool:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(backfill, "start", start)
    monkeypatch.setattr(backfill, "follow", follow)
    with pytest.raises(SystemExit) as ended:
        backfill.main("2026-01-01", "2026-01-01")
    assert ended.value.code == status
    assert started == [(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC))]
    out = capsys.readouterr().out
    assert "/dags/pinterest_batch/backfills" in out
    assert said in out


def test_a_run_is_started_with_what_was_asked_for() -> None:
    api: Any = Api()
    assert trigger.start(api, full=True, table="geo") == "manual__1"
    assert api.calls == [
        ("dags/pinterest_batch", {"is_paused": False}),
        (
            "dags/pinterest_batch/dagRuns",
            {"logical_date": None, "conf": {"full": True, "table": "geo"}},
        ),
    ]


def test_a_run_s_tasks_are_in_the_order_they_follow_each_other() -> None:
    api: Any = Api(
        task_instances=[{"task_id": name} for name in ("answers", "clean_and_publish", "landed", "reconcile")]
    )
    found = [task["task_id"] for task in trigger.tasks_of(api, "manual__2026-01-01T12:00:00+00:00")]
    assert found == ["landed", "clean_and_publish", "reconcile", "answers"]
    path = "dags/pinterest_batch/dagRuns/manual__2026-01-01T12%3A00%3A00%2B00%3A00/taskInstances"
    assert api.calls == [(path, "task_instances", {})]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["", ""], "FROM is missing; give one such as FROM=2026-01-31"),
        (["", "2026-01-03"], "FROM is missing; give one such as FROM=2026-01-31"),
        (["2026-01-03", ""], "TO is missing; give one such as TO=2026-01-31"),
        (
            ["yesterday", "2026-01-03"],
            "FROM is 'yesterday', which is not a day; give one such as FROM=2026-01-31",
        ),
        (
            ["2026-01-03", "2026-02-30"],
            "TO is '2026-02-30', which is not a day; give one such as TO=2026-01-31",
        ),
        (["2026-01-03", "2026-01-02"], "FROM=2026-01-03 is after TO=2026-01-02"),
    ],
)
def test_a_day_that_is_none_is_refused_in_make_s_words(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = "`make backfill FROM=2026-01-01 TO=2026-01-03` runs these days again, both included."
    status, out, err = run_program(monkeypatch, capsys, "operations.airflow.backfill", *words)
    assert (status, out) == (2, "")
    assert err.splitlines() == [f"make backfill: {said}", usage]
