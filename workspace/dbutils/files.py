"""Files by Hadoop, whose paths and schemes are the session's: DBFS, S3, `file:`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from workspace.dbutils.errors import illegal, not_found, translated
from workspace.hadoop import hadoop_conf

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Status(NamedTuple):
    """A file or folder as its listing describes it; size in bytes, modified in milliseconds since 1970."""

    path: str
    name: str
    is_dir: bool
    size: int
    modified: int


class Files:
    """One command's view of the file systems; its errors name the command."""

    def __init__(self, session: "SparkSession", command: str) -> None:
        self._jvm: Any = session._jvm
        self._conf = hadoop_conf(session)
        self._command = command

    def status(self, path: str) -> Status:
        """Return the status of what is there.

        Raises:
            ExecutionError: nothing is.
        """
        system, at = self._at(path)
        with translated(self._command):
            if not system.exists(at):
                raise not_found(self._command, path)
            return _status(system.getFileStatus(at))

    def exists(self, path: str) -> bool:
        """Return whether there is something."""
        system, at = self._at(path)
        with translated(self._command):
            return bool(system.exists(at))

    def children(self, path: str) -> list[Status]:
        """Return what is in a folder, by name; of a file, itself."""
        system, at = self._at(path)
        with translated(self._command):
            return sorted(map(_status, system.listStatus(at)), key=lambda each: each.name)

    def read(self, path: str, most: int) -> bytes:
        """Return the first bytes of a file, `most` of them if it has so many."""
        system, at = self._at(path)
        with translated(self._command), _closing(system.open(at)) as stream:
            return bytes(stream.readNBytes(most))

    def write(self, path: str, content: bytes) -> None:
        """Write a file in the place of one that is there; folders above it are made."""
        system, at = self._at(path)
        with translated(self._command), _closing(system.create(at, True)) as stream:
            stream.write(content)

    def make_folder(self, path: str) -> bool:
        """Make a folder and those above it."""
        system, at = self._at(path)
        with translated(self._command):
            return bool(system.mkdirs(at))

    def remove(self, path: str, *, recurse: bool) -> bool:
        """Remove a file or a folder."""
        system, at = self._at(path)
        with translated(self._command):
            return bool(system.delete(at, recurse))

    def copy_file(self, source: str, target: str) -> None:
        """Copy one file, in the place of one that is there."""
        from_system, from_path = self._at(source)
        to_system, to_path = self._at(target)
        with translated(self._command):
            self._jvm.org.apache.hadoop.fs.FileUtil.copy(
                from_system, from_path, to_system, to_path, False, True, self._conf
            )

    def fetch(self, source: str, target: str) -> None:
        """Copy a file to this machine's path, in the place of one that is there."""
        system, at = self._at(source)
        with translated(self._command):
            # The last one: without a file of check sums beside it.
            system.copyToLocalFile(False, at, self._here(target), True)

    def store(self, source: str, target: str) -> None:
        """Copy a file from this machine's path, in the place of one that is there."""
        system, at = self._at(target)
        with translated(self._command):
            system.copyFromLocalFile(False, True, self._here(source), at)

    def _here(self, path: str) -> Any:  # noqa: ANN401 - Hadoop's Path
        return self._jvm.org.apache.hadoop.fs.Path(f"file:{path}")

    def _at(self, path: str) -> tuple[Any, Any]:
        if not path.startswith("/") and ":" not in path.split("/", 1)[0]:
            raise illegal(self._command, f"Path must be absolute: {path}")
        with translated(self._command):
            at = self._jvm.org.apache.hadoop.fs.Path(path)
            return at.getFileSystem(self._conf), at


def _status(found: Any) -> Status:  # noqa: ANN401 - Hadoop's FileStatus
    is_dir = bool(found.isDirectory())
    size = 0 if is_dir else int(found.getLen())
    return Status(
        found.getPath().toString(), found.getPath().getName(), is_dir, size, found.getModificationTime()
    )


@contextmanager
def _closing(stream: Any) -> Iterator[Any]:  # noqa: ANN401 - Java's stream
    try:
        yield stream
    finally:
        stream.close()
