"""`dbutils.notebook`: the exit value, and what another notebook is run with."""

from collections.abc import Mapping

import pytest

from workspace.dbutils import NotebookExit
from workspace.dbutils.notebook import Notebook


def run(path: str, timeout_seconds: int, arguments: Mapping[str, str]) -> str:
    return f"{path} {timeout_seconds} {arguments}"


def test_exit_passes_a_handler_of_exceptions() -> None:
    def cell() -> None:
        try:
            Notebook(run).exit(42)
        except Exception as error:  # noqa: BLE001, RUF100
            raise AssertionError from error

    with pytest.raises(NotebookExit) as caught:
        cell()
    assert caught.value.value == "42"


def test_run() -> None:
    notebook = Notebook(run)
    assert notebook.run("./other", 5, {"limit": 3}) == "./other 5 {'limit': '3'}"
    assert notebook.run("other", timeout_seconds=0) == "other 0 {}"
