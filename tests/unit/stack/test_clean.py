"""Test that `make clean` without a yes removes nothing, and says so."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stack.local import cli
from stack.local.isolated import make_settings
from tests.unit.fake_docker import Host


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_local_mode_says_that_nothing_was_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    settings = make_settings(tmp_path)
    kept = settings.state_dir / "kafka"
    kept.mkdir(parents=True)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    done = CliRunner().invoke(cli.app, ["clean"], input=answer)
    assert done.exit_code == 1
    assert (done.output + capsys.readouterr().out).splitlines()[-1] == "Nothing was removed."
    assert kept.exists()


def test_a_yes_removes_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = make_settings(tmp_path)
    (settings.state_dir / "kafka").mkdir(parents=True)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    assert CliRunner().invoke(cli.app, ["clean"], input="y\n").exit_code == 0
    assert not (settings.state_dir / "kafka").exists()


def test_in_containers_it_is_said_too(tmp_path: Path) -> None:
    host = Host(tmp_path)
    done = host.stack("clean")  # there is nobody to answer
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Nothing was removed."
    assert "down" not in host.notes()
