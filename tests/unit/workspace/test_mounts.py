"""Mounts: the forms of their source, and that they last."""

import stat
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from workspace.dbutils import ExecutionError
from workspace.dbutils.fs import FileSystem
from workspace.hadoop import hadoop_conf
from workspace.mounts import MountTable
from workspace.sources import Source, parse_source


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3a://posts", Source("s3a", "posts", "")),
        ("s3n://AKIA1:a%2Fb%2Bc@posts", Source("s3n", "posts", "", "AKIA1", "a/b+c")),
        ("s3://AKIA1:a+b@my.posts/topics/new/", Source("s3", "my.posts", "/topics/new", "AKIA1", "a+b")),
    ],
)
def test_source(url: str, expected: Source) -> None:
    assert parse_source(url) == expected
    assert "AKIA1" not in expected.url + expected.target


@pytest.mark.parametrize(
    "url",
    [
        "posts",
        "/mnt/x",
        "wasbs://a@b/c",
        "s3a://",
        "s3a://AKIA1:my/secret@posts",
        "s3a://AKIA1@posts",
        "s3a://A_B",
    ],
)
def test_source_that_is_none_is_an_error_without_the_secret(url: str) -> None:
    with pytest.raises(ValueError, match="expected s3a://bucket") as caught:
        parse_source(url)
    assert "secret@" not in str(caught.value)


def test_mounts_last_and_their_keys_are_for_this_account(
    fs: FileSystem, notebook_spark: SparkSession, tmp_path: Path
) -> None:
    assert fs.mount("s3n://AKIA1:a%2Fb@posts", "/mnt/posts/") is True
    assert (
        fs.mount("s3a://others/topics", "dbfs:/mnt/others", extra_configs={"fs.s3a.endpoint": "http://x"})
        is True
    )
    assert stat.S_IMODE((tmp_path / "mounts.json").stat().st_mode) == 0o600

    later = FileSystem(notebook_spark, MountTable(tmp_path / "mounts.json"))
    assert later.mounts() == [("/mnt/posts", "s3n://posts", ""), ("/mnt/others", "s3a://others/topics", "")]
    assert [mount.mountPoint for mount in later.mounts()] == ["/mnt/posts", "/mnt/others"]
    conf = hadoop_conf(notebook_spark)
    assert conf.get("fs.s3a.bucket.posts.secret.key") == "a/b"
    assert conf.get("fs.s3a.bucket.others.endpoint") == "http://x"
    assert conf.get("fs.s3a.endpoint") != "http://x"


def test_a_point_is_mounted_once(fs: FileSystem) -> None:
    fs.mount("s3a://posts", "/mnt/posts")
    with pytest.raises(
        ExecutionError, match=r"IllegalArgumentException.*Directory already mounted: /mnt/posts"
    ):
        fs.mount("s3a://others", "/mnt/posts/")
    for point in ("/mnt/posts/in", "/mnt"):
        with pytest.raises(ExecutionError, match="overlaps with /mnt/posts"):
            fs.mount("s3a://others", point)
    with pytest.raises(ExecutionError, match="/user overlaps with /user/hive/warehouse"):
        fs.mount("s3a://others", "/user")
    for point in ("/", "mnt/posts", ""):
        with pytest.raises(ExecutionError, match="expected a mount point"):
            fs.mount("s3a://others", point)
    assert [mount.source for mount in fs.mounts()] == ["s3a://posts"]


def test_unmount(fs: FileSystem, capsys: pytest.CaptureFixture[str]) -> None:
    fs.mount("s3a://posts", "/mnt/posts")
    assert fs.unmount("/mnt/posts/") is True
    assert capsys.readouterr().out == "/mnt/posts has been unmounted.\n"
    assert fs.mounts() == []
    with pytest.raises(
        ExecutionError, match=r"java\.rmi\.RemoteException.*Directory not mounted: /mnt/posts"
    ):
        fs.unmount("/mnt/posts")
    with pytest.raises(ExecutionError, match="Directory not mounted"):
        fs.updateMount("s3a://posts", "/mnt/posts")


def test_another_notebooks_mount_is_seen_after_refresh(
    fs: FileSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = MountTable(tmp_path / "mounts.json")
    fs.mount("s3a://posts", "/mnt/posts")
    other.remove("/mnt/posts")
    assert [each.path for each in fs.ls("/mnt")] == ["dbfs:/mnt/posts/"]
    assert fs.refreshMounts() is True
    assert capsys.readouterr().out == "Mounts successfully refreshed.\n"
    with pytest.raises(ExecutionError, match="FileNotFoundException"):
        fs.ls("/mnt")


def test_update_mount(fs: FileSystem) -> None:
    fs.mount("s3a://posts", "/mnt/posts")
    fs.updateMount("s3a://others", "/mnt/posts", encryption_type="sse-s3")
    assert fs.mounts() == [("/mnt/posts", "s3a://others", "sse-s3")]
