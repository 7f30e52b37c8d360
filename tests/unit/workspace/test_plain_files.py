"""Plain Python on DBFS' paths: those of its own folder, those that a mount shows, and this machine's as ever."""

import builtins
import errno
import glob
import io
import os
import pickle
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from workspace.hadoop import show_mounts
from workspace.mounts import Mount
from workspace.plain_files import use_dbfs
from workspace.plain_files.paths import dbfs_path

POSTS = pd.DataFrame({"ind": [1, 2], "title": ["grün", "blau"]})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dbfs/FileStore/a.csv", "/FileStore/a.csv"),
        ("/FileStore/a.csv", "/FileStore/a.csv"),
        (Path("/dbfs/data/x"), "/data/x"),
        ("/dbfs/", "/"),
        ("/dbfs//mnt/./posts", "/mnt/posts"),
        ("/dbfsx/a", None),
        ("a.csv", None),
        ("/dbfs/../etc/hosts", None),
        ("/dbfs/FileStore/../../etc/hosts", None),
        (b"/dbfs/a", None),
        (3, None),
    ],
)
def test_paths(path: object, expected: str | None) -> None:
    assert dbfs_path(path) == expected


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "bucket"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def plain_files(notebook_spark: SparkSession, dbfs: Path, bucket: Path) -> Iterator[None]:
    """Have this process use DBFS, with a folder mounted, until the test's end."""
    names = [name for name in dir(os) if callable(getattr(os, name))]
    before = {name: getattr(os, name) for name in names}
    opened, globber = builtins.open, getattr(glob, "_StringGlobber", None)
    listed = getattr(globber, "scandir", None)
    show_mounts(notebook_spark, [Mount("/mnt/posts", "s3a://posts", f"dbfslocal:{bucket}/")])
    use_dbfs(notebook_spark, dbfs)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(os, name, function)
        builtins.open = io.open = opened
        if globber and listed:
            globber.scandir = staticmethod(listed)


BOTH = pytest.mark.parametrize("folder", ["/dbfs/mnt/posts", "/dbfs/FileStore", "/FileStore"])


@pytest.fixture(autouse=True)
def file_store(dbfs: Path) -> None:
    (dbfs / "FileStore").mkdir()


@BOTH
def test_pandas(folder: str) -> None:
    POSTS.to_csv(f"{folder}/a.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(f"{folder}/a.csv"), POSTS)
    POSTS.to_csv(f"{folder}/a.csv", index=False, header=False, mode="a")
    assert len(pd.read_csv(f"{folder}/a.csv")) == 4
    POSTS.to_csv(f"{folder}/a.csv.gz", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(f"{folder}/a.csv.gz"), POSTS)
    POSTS.to_parquet(f"{folder}/a.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(f"{folder}/a.parquet"), POSTS)
    POSTS.to_json(f"{folder}/a.json", orient="records", lines=True)
    pd.testing.assert_frame_equal(pd.read_json(f"{folder}/a.json", orient="records", lines=True), POSTS)
    POSTS.to_pickle(f"{folder}/a.pickle")
    pd.testing.assert_frame_equal(pd.read_pickle(f"{folder}/a.pickle"), POSTS)
    with pytest.raises(OSError, match="non-existent directory"):
        POSTS.to_csv(f"{folder}/nowhere/a.csv")
    with pytest.raises(FileNotFoundError):
        pd.read_csv(f"{folder}/nothing.csv")


def test_what_is_written_is_where_spark_reads_it(bucket: Path, dbfs: Path) -> None:
    POSTS.to_csv("/dbfs/mnt/posts/a.csv", index=False)
    POSTS.to_csv("/dbfs/FileStore/b.csv", index=False)
    expected = "ind,title\n1,grün\n2,blau\n"
    assert (bucket / "a.csv").read_text() == (dbfs / "FileStore" / "b.csv").read_text() == expected
    assert [each.name for each in bucket.iterdir()] == ["a.csv"]


@BOTH
def test_open(folder: str) -> None:
    with open(f"{folder}/a.txt", "w", encoding="utf-8", newline="\n") as file:
        file.write("grün\n")
    with open(f"{folder}/a.txt", "a", encoding="utf-8") as file:
        print("blau", file=file)
    assert open(f"{folder}/a.txt", encoding="utf-8").read().splitlines() == ["grün", "blau"]
    with open(f"{folder}/a.txt", "rb") as binary:
        assert binary.read(2) == b"gr"
    with open(f"{folder}/a.txt", "r+b") as binary:
        binary.write(b"GR")
    assert Path(f"{folder}/a.txt").read_bytes()[:2] == b"GR"
    with pytest.raises(FileExistsError):
        open(f"{folder}/a.txt", "x")
    with pytest.raises(FileNotFoundError) as raised:
        open(f"{folder}/b.txt")
    assert str(raised.value.filename).endswith("b.txt")
    with pytest.raises(IsADirectoryError):
        open(folder)
    with open(f"{folder}/b.pickle", "xb") as binary:
        pickle.dump({"a": 1}, binary)
    with open(f"{folder}/b.pickle", "rb") as binary:
        assert pickle.load(binary) == {"a": 1}


@BOTH
def test_folders(folder: str) -> None:
    before = time.time() - 2  # a bucket has whole seconds
    os.makedirs(f"{folder}/one/two")
    os.makedirs(f"{folder}/one/two", exist_ok=True)
    with pytest.raises(FileExistsError):
        os.mkdir(f"{folder}/one")
    Path(f"{folder}/one/a.txt").write_text("four")
    Path(f"{folder}/one/two/b.txt").write_text("")
    assert sorted(os.listdir(f"{folder}/one")) == ["a.txt", "two"]
    with os.scandir(f"{folder}/one") as entries:
        assert {each.name: (each.is_dir(), each.is_file(), each.stat().st_size) for each in entries}[
            "a.txt"
        ] == (False, True, 4)
    assert [(top.removeprefix(folder), names, files) for top, names, files in os.walk(f"{folder}/one")] == [
        ("/one", ["two"], ["a.txt"]),
        ("/one/two", [], ["b.txt"]),
    ]
    assert os.path.exists(f"{folder}/one/a.txt")
    assert not os.path.exists(f"{folder}/one/c.txt")
    assert os.path.isdir(f"{folder}/one")
    assert not os.path.isfile(f"{folder}/one")
    assert os.path.getmtime(f"{folder}/one/a.txt") > before
    assert os.path.getsize(f"{folder}/one/a.txt") == 4
    assert glob.glob(f"{folder}/one/**/*.txt", recursive=True) == [
        f"{folder}/one/a.txt",
        f"{folder}/one/two/b.txt",
    ]
    assert sorted(map(str, Path(f"{folder}/one").iterdir())) == [f"{folder}/one/a.txt", f"{folder}/one/two"]
    assert [*map(str, Path(f"{folder}/one").glob("*.txt"))] == [f"{folder}/one/a.txt"]
    assert sorted(map(str, Path(folder).rglob("b.*"))) == [f"{folder}/one/two/b.txt"]
    with os.scandir(f"{folder}/one") as entries:
        assert sorted(each.path for each in entries) == [f"{folder}/one/a.txt", f"{folder}/one/two"]
    with pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)):
        os.rmdir(f"{folder}/one/two")
    os.remove(f"{folder}/one/two/b.txt")
    Path(f"{folder}/one/two").rmdir()
    Path(f"{folder}/one/a.txt").unlink()
    assert os.listdir(f"{folder}/one") == []
    with pytest.raises(FileNotFoundError):
        os.remove(f"{folder}/one/a.txt")


@BOTH
def test_shutil(folder: str, tmp_path: Path) -> None:
    here = tmp_path / "here.txt"
    here.write_text("text")
    shutil.copy(here, f"{folder}/a.txt")
    shutil.copy2(f"{folder}/a.txt", f"{folder}/b.txt")
    shutil.move(f"{folder}/b.txt", f"{folder}/c.txt")
    shutil.copyfile(f"{folder}/c.txt", tmp_path / "back.txt")
    assert (tmp_path / "back.txt").read_text() == "text"
    assert sorted(os.listdir(folder)) == ["a.txt", "c.txt"]
    shutil.copytree(folder, tmp_path / "all")
    shutil.copytree(tmp_path / "all", f"{folder}/all")
    assert sorted(os.listdir(f"{folder}/all")) == ["a.txt", "c.txt"]


def test_folders_above_a_mount_show_it(dbfs: Path) -> None:
    (dbfs / "mnt").mkdir()
    (dbfs / "mnt" / "mine").mkdir()
    assert os.listdir("/dbfs/mnt") == ["mine", "posts"]
    assert sorted(os.listdir("/dbfs")) == ["FileStore", "mnt"]
    assert os.path.isdir("/dbfs/mnt/posts")


def test_what_a_mount_cannot_do_says_so(dbfs: Path) -> None:
    Path("/dbfs/mnt/posts/a.txt").write_text("")
    (dbfs / "FileStore" / "one").mkdir()
    shutil.rmtree("/dbfs/FileStore")
    assert not (dbfs / "FileStore").exists()
    with pytest.raises(OSError, match=r"`open` and dbutils\.fs know them"):
        shutil.rmtree("/dbfs/mnt/posts")
    with pytest.raises(OSError, match=r"`open` and dbutils\.fs know them"):
        os.open("/dbfs/mnt/posts/a.txt", os.O_RDONLY)
    with pytest.raises(OSError, match=r"dbutils\.fs\.mv moves"):
        os.rename("/dbfs/mnt/posts/a.txt", "/dbfs/mnt/posts/b.txt")


def test_paths_outside_are_this_machines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("here")
    with open(tmp_path / "a.txt") as file, open(file.fileno(), closefd=False) as again:
        assert again.read() == "here"
    with pytest.raises(FileNotFoundError):
        open("/dbfs/../dbfs-nowhere/hosts")
    with pytest.raises(FileNotFoundError):
        os.listdir("/dbfs/FileStore/../../dbfs-nowhere")
