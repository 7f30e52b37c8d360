"""The streaming queries as `make status` shows them."""

import io
from pathlib import Path
from typing import Any

from common.state_file import StateFile
from common.terminal import make_console
from stack.local.isolated import make_settings
from stack.status.streams import print_streams


def _query(name: str, problem: str | None, last_error: str | None) -> dict[str, Any]:
    numbers = {"rate": 12.4, "lag_records": 1234, "lag_seconds": 0.5}
    return {"name": name, "source": "streaming-*", "problem": problem, "last_error": last_error, **numbers}


def _printed(folder: Path, queries: list[dict[str, Any]] | None, width: int = 60) -> list[str]:
    settings, console = make_settings(folder), make_console(file=io.StringIO(), width=width)
    if queries is not None:
        StateFile(settings.state_dir, "streaming-writer").write(lambda: {"problem": None, "queries": queries})
    print_streams(console, settings)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_a_writer_that_says_nothing_is_no_table(tmp_path: Path) -> None:
    assert _printed(tmp_path, None) == []


def test_errors_come_in_full_under_the_numbers(tmp_path: Path) -> None:
    error = "[NO] such bucket " + "x" * 90
    queries = [_query("speed", None, None), _query("delta", error, error), _query("other", None, error)]
    blank, header, *rows = _printed(tmp_path, queries)
    assert (blank, header.split()) == ("", ["query", "reads", "records/s", "waiting", "oldest"])
    assert rows[0].split() == ["speed", "streaming-*", "12", "1,234", "0.5", "s"]
    assert rows[3:] == [f"delta does not run: {error}", f"other, recovered from: {error}"]


def test_a_million_waiting_records_fit_into_80_columns(tmp_path: Path) -> None:
    far_behind = {
        "source": "streaming-0a1b2c3d4e5f-*",
        "rate": 1_000_000,
        "lag_records": 1_000_000,
        "lag_seconds": 100_000.0,
    }
    _, header, row = _printed(tmp_path, [_query("experimental", None, None) | far_behind], width=80)
    assert row.split() == ["experimental", far_behind["source"], *("1,000,000",) * 2, "100,000.0", "s"]
    assert max(len(header), len(row)) <= 80
