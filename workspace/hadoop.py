"""DBFS as Hadoop sees it: `dbfs:/` is a view, a local folder with a link for each mount.

Hadoop keeps file systems open by their address. The view is never kept, so a session sees a new mount at its next
look; the buckets behind it are kept, so a view costs next to nothing.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace.mounts import RESERVED, Mount

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_VIEW = "fs.viewfs.mounttable.default"
_S3 = "org.apache.hadoop.fs.s3a.S3AFileSystem"


def view_options(root: Path, fixed: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return Hadoop's options for paths as DBFS has them.

    Args:
        root: the folder that is `dbfs:/`.
        fixed: links that are there without a mount: their targets by their paths.
    """
    return {
        "fs.defaultFS": "dbfs:///",
        "fs.dbfs.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "fs.dbfs.impl.disable.cache": "true",
        "fs.viewfs.enable.inner.cache": "false",
        f"{_VIEW}.linkFallback": root.as_uri().replace("file:", "dbfslocal:", 1),
        # Without the hidden .crc files, which would be wrong once plain Python has written to the file.
        "fs.dbfslocal.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "fs.s3n.impl": _S3,
        "fs.s3.impl": _S3,
        **{_link(path): target for path, target in (fixed or {}).items()},
    }


def restore_mounts(session: "SparkSession", mounts: Iterable[Mount]) -> None:
    """Have the view of a session that has opened no file yet show the mounts.

    Spark would show such options, keys among them, on the command line of its JVM.
    """
    conf = hadoop_conf(session)
    for mount in mounts:
        _set(conf, mount)


def show_mounts(session: "SparkSession", mounts: Iterable[Mount]) -> None:
    """Have the running session's view show these mounts and no others."""
    conf = hadoop_conf(session)
    by_link = {_link(mount.point): mount for mount in mounts}
    shown = {_link(point) for point in conf.getPropsWithPrefix(_link("")) if point not in RESERVED}
    for name in shown - by_link.keys():
        conf.unset(name)
    for mount in by_link.values():
        if _set(conf, mount) & mount.options.keys():
            _close(session, mount)
    # Delta remembers tables by their path, and another table may be at one now.
    _jvm(session).org.apache.spark.sql.delta.DeltaLog.clearCache()


def linked_points(session: "SparkSession") -> list[str]:
    """Return the folders that the session's view shows from elsewhere: its mounts, and the tables."""
    return [*hadoop_conf(session).getPropsWithPrefix(_link(""))]


def hadoop_conf(session: "SparkSession") -> Any:  # noqa: ANN401 - the JVM's object
    """Return the session's Hadoop configuration; a change of it takes effect at once."""
    return session.sparkContext._jsc.hadoopConfiguration()


def _jvm(session: "SparkSession") -> Any:  # noqa: ANN401
    return session._jvm


def _link(point: str) -> str:
    return f"{_VIEW}.link.{point}"


def _set(conf: Any, mount: Mount) -> set[str]:  # noqa: ANN401
    """Set the mount's options and return the names of those that had another value, or none."""
    options = mount.options | {_link(mount.point): mount.target}
    changed = {name for name, value in options.items() if conf.get(name) != value}
    for name in changed:
        conf.set(name, options[name])
    return changed


def _close(session: "SparkSession", mount: Mount) -> None:
    """Close the bucket's file system, which has its former keys if it is open: whoever comes next opens it again."""
    address = _jvm(session).java.net.URI.create(mount.target)
    _jvm(session).org.apache.hadoop.fs.FileSystem.get(address, hadoop_conf(session)).close()
