"""Airflow's logs that are older than a month are removed, and nothing else is."""

import os
import time
from pathlib import Path

import pytest

from operations.airflow.old_logs import KEPT_DAYS, remove_old

NOW = time.time()
MONTH = KEPT_DAYS * 86_400


def aged(path: Path, seconds: float) -> Path:
    """Set when something was last written to: so many seconds ago."""
    os.utime(path, (NOW - seconds, NOW - seconds), follow_symlinks=False)
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a folder of a run that is just over a month old, one that is just under it, and one day's of the DAGs."""
    for run, age in (("old", MONTH + 1), ("young", MONTH - 1)):
        folder = tmp_path / "dag_id=pinterest_batch" / f"run_id={run}" / "task_id=landed"
        folder.mkdir(parents=True)
        (folder / "attempt=1.log").write_text("done")
        for path in (folder / "attempt=1.log", folder, folder.parent):
            aged(path, age)
    day = tmp_path / "dag_processor" / "2026-01-01"
    day.mkdir(parents=True)
    (day / "dag.log").write_text("parsed")
    (tmp_path / "dag_processor" / "latest").symlink_to(day)
    for path in (day / "dag.log", day, tmp_path / "dag_processor" / "latest"):
        aged(path, MONTH + 1)
    return tmp_path


def test_what_is_older_than_a_month_is_removed_with_its_folders(logs: Path) -> None:
    remove_old(logs, NOW)
    assert sorted(str(path.relative_to(logs)) for path in logs.rglob("*")) == [
        "dag_id=pinterest_batch",
        "dag_id=pinterest_batch/run_id=young",
        "dag_id=pinterest_batch/run_id=young/task_id=landed",
        "dag_id=pinterest_batch/run_id=young/task_id=landed/attempt=1.log",
        "dag_processor",
    ]


def test_a_folder_that_a_task_has_just_made_stays(logs: Path) -> None:
    new = logs / "dag_id=pinterest_batch" / "run_id=new"
    new.mkdir()
    aged(new, 1)
    remove_old(logs, NOW)
    assert new.exists()


def test_a_log_that_is_written_to_stays_in_an_old_folder(logs: Path) -> None:
    log = logs / "dag_processor" / "2026-01-01" / "dag.log"
    aged(log, 1)
    remove_old(logs, NOW)
    assert log.exists()


def test_where_there_are_none_nothing_happens(tmp_path: Path) -> None:
    remove_old(tmp_path / "none", NOW)
    assert list(tmp_path.iterdir()) == []
