"""The entry points of our stand-ins: variables from files, a data folder that is filled once, scripts in order."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from images.initialization import fill_once, run_scripts, variable
from images.mysql.entrypoint import accounts, literal


def test_a_variable_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("a b\n")
    monkeypatch.setenv("SOME_PASSWORD_FILE", str(tmp_path / "secret"))
    assert variable("SOME_PASSWORD") == "a b"
    assert variable("SOME_OTHER", "default") == "default"
    monkeypatch.setenv("SOME_PASSWORD", "c")
    with pytest.raises(SystemExit, match="SOME_PASSWORD and SOME_PASSWORD_FILE"):
        variable("SOME_PASSWORD")


def _writes(text: str) -> Callable[[Path], None]:
    def fill(draft: Path) -> None:
        (draft / "a").write_text(text)
        (draft / "marker").mkdir()
        (draft / "z").write_text(text)

    return fill


def _fails(draft: Path) -> None:
    (draft / "a").write_text("half")
    raise RuntimeError("interrupted")


def _not_called(draft: Path) -> None:
    raise AssertionError(draft)


def test_a_data_folder_is_filled_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill_once(data, "marker", _writes("one"))
    fill_once(data, "marker", _not_called)
    assert sorted(entry.name for entry in data.iterdir()) == ["a", "marker", "z"]


def test_what_was_interrupted_is_made_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        fill_once(tmp_path, "marker", _fails)
    (tmp_path / "a").write_text("moved, but not the marker")
    fill_once(tmp_path, "marker", _writes("whole"))
    assert (tmp_path / "a").read_text() == "whole"
    assert not (tmp_path / ".draft").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SystemExit, match=r"thesis\.txt"):
        fill_once(tmp_path, "marker", _not_called)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_scripts_run_in_the_order_of_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "scripts"
    folder.mkdir()
    (folder / "2.sql.gz").write_bytes(gzip.compress(b"two"))
    (folder / "1.sql").write_bytes(b"one")
    (folder / "3.sh").write_text("echo three > written")
    (folder / "5.sh").write_text("echo five >> written")
    (folder / "5.sh").chmod(0o755)
    (folder / "4.txt").write_text("not a script")
    statements: list[bytes] = []
    run_scripts(statements.append, folder)
    assert statements == [b"one", b"two"]
    assert (tmp_path / "written").read_text() == "three\nfive\n"


def test_the_accounts_of_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATABASE": "d`b", "USER": "u", "PASSWORD": "p'\\"}.items():
        monkeypatch.setenv(f"MYSQL_{name}", value)
    assert literal("p'\\") == r"'p''\\'"
    assert accounts("secret") == [
        "CREATE USER 'root'@'%' IDENTIFIED BY 'secret';",
        "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;",
        "CREATE DATABASE `d``b`;",
        r"CREATE USER 'u'@'%' IDENTIFIED BY 'p''\\';",
        "GRANT ALL ON `d``b`.* TO 'u'@'%';",
        "ALTER USER 'root'@'localhost' IDENTIFIED BY 'secret';",
    ]
