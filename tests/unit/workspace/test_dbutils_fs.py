"""`dbutils.fs` on DBFS itself: what its commands return, print and raise."""

import json
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from workspace.dbutils import ExecutionError, FileInfo
from workspace.dbutils.fs import FileSystem


def test_put_and_head(fs: FileSystem, dbfs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fs.put("/notes/a.txt", "grüße") is True
    assert capsys.readouterr().out == "Wrote 7 bytes.\n"
    assert (dbfs / "notes" / "a.txt").read_text() == "grüße"
    assert fs.head("dbfs:/notes/a.txt") == "grüße"
    assert capsys.readouterr().out == ""
    assert fs.head("/notes/a.txt", 2) == "gr"
    assert capsys.readouterr().out == "[Truncated to first 2 bytes]\n"


def test_put_overwrites_only_when_told(fs: FileSystem) -> None:
    fs.put("/a.txt", "one")
    with pytest.raises(ExecutionError, match=r"(?s)FileAlreadyExistsException.*/a\.txt"):
        fs.put("/a.txt", "two")
    fs.put("/a.txt", "three", True)
    assert fs.head("/a.txt") == "three"


def test_ls(fs: FileSystem) -> None:
    before = time.time() * 1000
    fs.put("/data/b.json", "{}")
    fs.mkdirs("/data/a")
    folder, file = fs.ls("dbfs:/data")
    assert folder[:3] == ("dbfs:/data/a/", "a/", 0)
    assert file[:3] == ("dbfs:/data/b.json", "b.json", 2)
    assert abs(file.modificationTime - before) < 60_000
    assert (folder.isDir(), folder.isFile(), file.isDir(), file.isFile()) == (True, False, False, True)
    assert [each.path for each in fs.ls("/data/b.json")] == ["dbfs:/data/b.json"]
    assert [each.path for each in fs.ls("/data/a/..")] == [folder.path, file.path]
    assert str(file).startswith("FileInfo(path='dbfs:/data/b.json', name='b.json', size=2, modificationTime=")


def test_rows_can_be_made_of_ls(fs: FileSystem, notebook_spark: SparkSession) -> None:
    fs.put("/data/b.json", "{}")
    frame = notebook_spark.createDataFrame(fs.ls("/data"))
    assert frame.columns == [*FileInfo._fields]


def test_missing_path_is_a_java_file_not_found(fs: FileSystem) -> None:
    for command in (fs.ls, fs.head):
        with pytest.raises(ExecutionError, match=r"(?s)java\.io\.FileNotFoundException.*/none/here"):
            command("/none/here")
    with pytest.raises(ExecutionError, match="FileNotFoundException"):
        fs.cp("/none", "/other")
    assert fs.rm("/none/here") is False


def test_relative_path_is_refused(fs: FileSystem) -> None:
    with pytest.raises(ExecutionError, match=r"IllegalArgumentException: Path must be absolute: tmp"):
        fs.ls("tmp")


def test_rm(fs: FileSystem) -> None:
    fs.put("/data/in/b.json", "{}")
    with pytest.raises(ExecutionError, match=r"(?s)java\.io\.IOException.*non-empty directory /data"):
        fs.rm("/data")
    assert fs.rm("/data/in/b.json") is True
    assert fs.rm("/data/in") is True
    fs.put("/data/in/b.json", "{}")
    assert fs.rm("/data", True) is True
    assert fs.ls("/") == []


def test_words_that_fs_magic_gives(fs: FileSystem) -> None:
    fs.put("/data/in/b.json", "{}")
    with pytest.raises(ExecutionError, match="non-empty"):
        fs.rm("/data", "false")
    assert fs.head("/data/in/b.json", "1") == "{"
    assert fs.rm("/data", "true") is True


def test_cp_and_mv(fs: FileSystem, tmp_path: Path) -> None:
    fs.put("/a/x.txt", "x")
    fs.put("/a/deep/y.txt", "y")
    assert fs.cp("/a/x.txt", "/copy.txt") is True
    fs.mkdirs("/into")
    fs.cp("/a/x.txt", "/into")
    with pytest.raises(ExecutionError, match="without recurse"):
        fs.cp("/a", "/b")
    assert fs.cp("/a", "/b", recurse=True) is True
    assert fs.mv("/b", f"file:{tmp_path}/out", recurse=True) is True
    assert [each.path for each in fs.ls("/")] == ["dbfs:/a/", "dbfs:/copy.txt", "dbfs:/into/"]
    assert (tmp_path / "out" / "deep" / "y.txt").read_text() == "y"
    assert fs.head("/into/x.txt") == "x"


def test_plain_python_may_change_a_file_that_spark_wrote(
    fs: FileSystem, dbfs: Path, notebook_spark: SparkSession
) -> None:
    fs.put("/data/a.json", json.dumps({"n": 1}))
    (dbfs / "data" / "a.json").write_text(json.dumps({"n": 22}))
    assert [row.n for row in notebook_spark.read.json("/data").collect()] == [22]


def test_help_lists_the_commands(fs: FileSystem, capsys: pytest.CaptureFixture[str]) -> None:
    fs.help()
    shown = capsys.readouterr().out
    for command in (
        "cp",
        "head",
        "ls",
        "mkdirs",
        "mount",
        "mounts",
        "mv",
        "put",
        "refreshMounts",
        "rm",
        "unmount",
    ):
        assert f"\n{command}(" in shown
    fs.help("cp")
    assert "recurse" in capsys.readouterr().out
    with pytest.raises(ValueError, match="there are cp, head"):
        fs.help("copy")
