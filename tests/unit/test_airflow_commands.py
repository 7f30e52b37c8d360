"""What `make trigger` and `make backfill` print where their output is no terminal, and what they refuse."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from services.airflow import backfill, trigger
from services.common.terminal import make_console
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
    status, out, err = run_program(monkeypatch, capsys, "services.airflow.backfill", *words)
    assert (status, out) == (2, "")
    assert err.splitlines() == [f"make backfill: {said}", usage]
