"""Show in `make status` the disk: what each service holds, what bounds it, and how much is free."""

import os
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from common.settings import Settings
from contracts.tables import TABLES
from operations.airflow.old_logs import KEPT_DAYS
from stack.local import processes
from stack.os_user import server_home

GB = 1024**3
_MB = 1024**2
_BLOCK = 512  # stat(2): so many bytes, whatever the disk's
# What the servers' data take with a million posts (`stack.local.doctor`): from here on the next run may fill the disk.
LOW_BYTES = 2 * GB


@dataclass(frozen=True)
class Store:
    """A folder of a service, and what keeps it from growing without end."""

    name: str
    path: Path
    bound: str


def stores(settings: Settings) -> list[Store]:
    """Return the folders of local mode."""
    state, servers = settings.state_dir, server_home(settings)
    # Those of the three tables and the two of POST /pin/.
    partitions = (len(TABLES) + 2) * settings.kafka.partitions
    kept = settings.kafka.retention_bytes + settings.kafka.segment_bytes
    return [
        Store(
            "kafka",
            state / "kafka",
            f"KAFKA_RETENTION_BYTES for each of {partitions} partitions: {partitions * kept / GB:,.3g} GB with a"
            " file more of each",
        ),
        Store("mysql", servers / "mysql", "the source's posts (SOURCE_ROWS); no log for replicas"),
        Store(
            "postgres",
            servers / "postgres",
            "the served posts and Airflow's runs; its log up to 2 GB under load",
        ),
        Store(
            "localstack",
            state / "localstack",
            "objects of over 512 KB (the others are in memory): `make down`",
        ),
        Store("logs", state / "logs", "30 MB a service"),
        Store("spark", state / "spark", "each process removes its own, and those of killed ones"),
        Store("airflow", state / "airflow", f"logs, of {KEPT_DAYS} days"),
        Store("notebooks", state / "workspace", "what notebooks write"),
    ]


def held(settings: Settings, store: Store) -> int:
    """Return the bytes on disk of a service, with those of the files that its process has open and that have no name.

    LocalStack's S3 has its larger objects in such files.
    """
    pid = processes.recorded_pid(settings, store.name)
    return size(store.path) + (unnamed(pid) if pid else 0)


def unnamed(pid: int) -> int:
    """Return the bytes on disk of a process's open files without a name; 0 where it has ended, or is another's."""
    total = 0
    with suppress(FileNotFoundError, PermissionError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found = each.stat()
                # A file in memory has no name either, and no blocks' size of a disk.
                if (
                    stat.S_ISREG(found.st_mode)
                    and not found.st_nlink
                    and "memfd:" not in str(each.readlink())
                ):
                    total += found.st_blocks * _BLOCK
    return total


def size(folder: Path) -> int:
    """Return the bytes on disk of all files below a folder, 0 where there is none; links are not followed."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # servers remove files all the time
                total += Path(parent, name).lstat().st_blocks * _BLOCK
    return total


def print_disk(console: Console, settings: Settings) -> None:
    """Print what each service of local mode holds, and what is free."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("disk")
    table.add_column("holds", justify="right")
    table.add_column("bounded by")
    for store in stores(settings):
        table.add_row(store.name, f"{held(settings, store) / _MB:,.0f} MB", store.bound)
    console.print()
    console.print(table)
    folders = (settings.state_dir, server_home(settings))
    print_free(console, {str(folder): folder for folder in folders if folder.exists()})


def print_free(console: Console, folders: Mapping[str, Path]) -> None:
    """Print the free bytes of each file system that the folders, by name, are on; with a warning where they are few."""
    for name, folder in {path.stat().st_dev: (name, path) for name, path in folders.items()}.values():
        usage = shutil.disk_usage(folder)
        said = f"\n{usage.free / GB:,.1f} of {usage.total / GB:,.0f} GB are free on the disk of {name}."
        low = usage.free < LOW_BYTES
        console.print(
            said + (_REMEDY if low else ""), style="yellow" if low else None, highlight=False, soft_wrap=True
        )


_REMEDY = (
    f" Make room: below {LOW_BYTES / GB:.0f} GB a batch run, or Kafka, may fill it. docs/troubleshooting.md, Disk and"
    " memory, says what takes how much."
)
