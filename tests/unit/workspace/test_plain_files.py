"""Plain Python's `open` in a notebook: DBFS' paths, and those of this machine as ever."""

from pathlib import Path

import pytest

from workspace.plain_files import local_path, opener


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dbfs/FileStore/a.csv", "/dbfs-root/FileStore/a.csv"),
        ("/FileStore/a.csv", "/dbfs-root/FileStore/a.csv"),
        (Path("/dbfs/tmp/x"), "/dbfs-root/tmp/x"),
        ("/dbfsx/a", "/dbfsx/a"),
        ("a.csv", "a.csv"),
        ("/dbfs/../etc/hosts", "/dbfs/../etc/hosts"),
    ],
)
def test_paths(path: str | Path, expected: str) -> None:
    assert str(local_path(path, Path("/dbfs-root"))) == expected


def test_open(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "tmp").mkdir(parents=True)
    opened = opener(root)
    with opened("/dbfs/tmp/x.txt", "w", encoding="utf-8") as file:
        file.write("x")
    assert opened(str(root / "tmp" / "x.txt")).read() == "x"
    with opened("/dbfs/tmp/x.txt") as file:
        assert opened(file.fileno(), closefd=False).read() == "x"
