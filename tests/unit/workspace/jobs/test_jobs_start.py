"""The Jobs API's start, where it cannot serve."""

from pathlib import Path

import pytest

from stack.local.isolated import make_settings
from workspace.jobs import __main__ as jobs


def test_a_folder_of_notebooks_that_cannot_be_read_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none"
    settings = make_settings(tmp_path / "state", NOTEBOOK_DIR=missing)
    monkeypatch.setattr(jobs, "load_settings", lambda: settings)
    with pytest.raises(SystemExit) as end:
        jobs.main()
    assert end.value.code == 1
    assert f"NOTEBOOK_DIR: there is no folder {missing}. Correct it in .env." in capsys.readouterr().err
