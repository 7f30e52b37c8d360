"""`dbutils.fs`: files, and the mounts that show buckets as folders of DBFS."""

import posixpath
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from workspace.dbutils.errors import ExecutionError, execution_error, illegal
from workspace.dbutils.files import Files, Status
from workspace.dbutils.help import WithHelp
from workspace.hadoop import show_mounts
from workspace.mounts import Mount, MountTable
from workspace.sources import Source, parse_source

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SIMPLE_KEYS = "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"


class FileInfo(NamedTuple):
    """A file or folder; a folder's path and name end with a slash. Times are milliseconds since 1970."""

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815 - Databricks' name

    def isDir(self) -> bool:  # noqa: N802
        """Return whether it is a folder."""
        return self.path.endswith("/")

    def isFile(self) -> bool:  # noqa: N802
        """Return whether it is a file."""
        return not self.isDir()


class MountInfo(NamedTuple):
    """A mount; its source is without keys."""

    mountPoint: str  # noqa: N815
    source: str
    encryptionType: str  # noqa: N815


class FileSystem(WithHelp):
    """Utilities for DBFS, the files of the workspace, and for its mounts."""

    def __init__(self, session: "SparkSession", mounts: MountTable) -> None:
        self._session = session
        self._mounts = mounts

    def ls(self, path: str) -> list[FileInfo]:
        """List what is in a folder."""
        return [_info(each) for each in self._files("ls").children(self._there("ls", path))]

    def head(self, file: str, maxBytes: int | str = 65_536) -> str:  # noqa: N803
        """Return the first bytes of a file as text."""
        status = self._files("head").status(file)
        if status.is_dir:
            raise illegal("head", f"Cannot head a directory: {file}")
        most = int(maxBytes)
        if status.size > most:
            print(f"[Truncated to first {most} bytes]")
        return self._files("head").read(file, most).decode(errors="replace")

    def put(self, file: str, contents: str, overwrite: bool | str = False) -> bool:
        """Write text to a file."""
        files = self._files("put")
        if not _is_true(overwrite) and files.exists(file):
            raise execution_error(
                "put", "org.apache.hadoop.fs.FileAlreadyExistsException", f"File already exists: {file}"
            )
        content = contents.encode()
        files.write(file, content)
        print(f"Wrote {len(content)} bytes.")
        return True

    def mkdirs(self, dir: str) -> bool:
        """Make a folder and those above it."""
        return self._files("mkdirs").make_folder(dir)

    def rm(self, dir: str, recurse: bool | str = False) -> bool:
        """Remove a file, or with recurse a folder; return whether there was one."""
        files = self._files("rm")
        if not files.exists(dir):
            return False
        if not _is_true(recurse) and files.status(dir).is_dir and files.children(dir):
            raise execution_error("rm", "java.io.IOException", f"Cannot delete non-empty directory {dir}")
        return files.remove(dir, recurse=_is_true(recurse))

    def cp(self, from_: str, to: str, recurse: bool | str = False) -> bool:
        """Copy a file, or with recurse a folder, also between file systems."""
        self._copy("cp", from_, to, recurse=_is_true(recurse))
        return True

    def mv(self, from_: str, to: str, recurse: bool | str = False) -> bool:
        """Move a file, or with recurse a folder, also between file systems: a copy, then a removal."""
        self._copy("mv", from_, to, recurse=_is_true(recurse))
        return self._files("mv").remove(from_, recurse=_is_true(recurse))

    def mount(
        self,
        source: str,
        mount_point: str,
        encryption_type: str = "",
        owner: str = "",  # noqa: ARG002 - for other clouds than AWS
        extra_configs: Mapping[str, str] | None = None,
    ) -> bool:
        """Show a bucket, or a folder of one, as a folder of DBFS, in this session and all later ones."""
        mount = _mount("mount", source, mount_point, encryption_type, extra_configs or {})
        try:
            self._mounts.add(mount)
        except ValueError as error:
            raise illegal("mount", f"requirement failed: {error}") from None
        return self._show()

    def updateMount(  # noqa: N802
        self,
        source: str,
        mount_point: str,
        encryption_type: str = "",
        owner: str = "",  # noqa: ARG002
        extra_configs: Mapping[str, str] | None = None,
    ) -> bool:
        """Mount another bucket at a point that is mounted already."""
        mount = _mount("updateMount", source, mount_point, encryption_type, extra_configs or {})
        try:
            self._mounts.replace(mount)
        except KeyError:
            raise _not_mounted("updateMount", mount.point) from None
        return self._show()

    def unmount(self, mount_point: str) -> bool:
        """Remove a mount; what the bucket holds stays."""
        point = _point("unmount", mount_point)
        try:
            self._mounts.remove(point)
        except KeyError:
            raise _not_mounted("unmount", point) from None
        self._show()
        print(f"{point} has been unmounted.")
        return True

    def mounts(self) -> list[MountInfo]:
        """List the mounts."""
        found = self._mounts.read().values()
        return [MountInfo(mount.point, mount.source, mount.encryption_type) for mount in found]

    def refreshMounts(self) -> bool:  # noqa: N802
        """Show in this session what other notebooks have mounted since it started."""
        self._show()
        print("Mounts successfully refreshed.")
        return True

    def _show(self) -> bool:
        show_mounts(self._session, self._mounts.read().values())
        return True

    def _files(self, command: str) -> Files:
        return Files(self._session, command)

    def _there(self, command: str, path: str) -> str:
        self._files(command).status(path)
        return path

    def _copy(self, command: str, source: str, target: str, *, recurse: bool) -> None:
        files = self._files(command)
        status = files.status(source)
        if not status.is_dir:
            is_folder = target.endswith("/") or (files.exists(target) and files.status(target).is_dir)
            files.copy_file(source, f"{target.rstrip('/')}/{status.name}" if is_folder else target)
        elif recurse:
            files.make_folder(target)
            for each in files.children(source):
                self._copy(
                    command,
                    f"{source.rstrip('/')}/{each.name}",
                    f"{target.rstrip('/')}/{each.name}",
                    recurse=True,
                )
        else:
            raise illegal(command, f"Cannot copy directory without recurse: {source}")


def _is_true(flag: bool | str) -> bool:
    """Return what a flag says; `%fs` gives words."""
    return str(flag).lower() == "true"


def _info(found: Status) -> FileInfo:
    slash = "/" if found.is_dir else ""
    return FileInfo(found.path + slash, found.name + slash, found.size, found.modified)


def _mount(command: str, source: str, point: str, encryption_type: str, configs: Mapping[str, str]) -> Mount:
    try:
        parsed = parse_source(source)
    except ValueError as error:
        raise illegal(command, str(error)) from None
    options = _bucket_options(parsed, configs)
    return Mount(_point(command, point), parsed.url, parsed.target, encryption_type, options)


def _bucket_options(source: Source, configs: Mapping[str, str]) -> dict[str, str]:
    """Return the options as those of the bucket alone: another mount may have other keys."""
    keys = {
        "fs.s3a.access.key": source.key,
        "fs.s3a.secret.key": source.secret,
        "fs.s3a.aws.credentials.provider": _SIMPLE_KEYS,
    }
    given = {name.removeprefix("spark.hadoop."): str(value) for name, value in configs.items()}
    return {
        _of_bucket(name, source.bucket): value
        for name, value in ((keys if source.key else {}) | given).items()
    }


def _of_bucket(name: str, bucket: str) -> str:
    found = re.fullmatch(r"fs\.s3[an]?\.(?!bucket\.)(.+)", name)
    return f"fs.s3a.bucket.{bucket}.{found[1]}" if found else name


def _point(command: str, path: str) -> str:
    point = posixpath.normpath("/" + path.removeprefix("dbfs:").lstrip("/"))
    if path.removeprefix("dbfs:")[:1] != "/" or point == "/":
        raise illegal(command, f"requirement failed: expected a mount point such as /mnt/posts, not {path!r}")
    return point


def _not_mounted(command: str, point: str) -> ExecutionError:
    return execution_error(
        command,
        "java.rmi.RemoteException",
        f"java.lang.IllegalArgumentException: requirement failed: Directory not mounted: {point}",
    )
