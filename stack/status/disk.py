"""Show in `make status` the disk: what each service holds, what bounds it, and how much is free."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from common.settings import Settings
from contracts.tables import TABLES
from stack.os_user import server_home

GB = 1024**3
_MB = 1024**2
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
    state, servers, kept = settings.state_dir, server_home(settings), settings.kafka.retention_bytes
    # Those of the three tables and the two of POST /pin/.
    partitions = (len(TABLES) + 2) * settings.kafka.partitions
    return [
        Store(
            "kafka",
            state / "kafka",
            f"KAFKA_RETENTION_BYTES for each of {partitions} partitions: {partitions * kept / GB:,.3g} GB",
        ),
        Store("mysql", servers / "mysql", "the source's posts (SOURCE_ROWS)"),
        Store("postgres", servers / "postgres", "the served posts, and Airflow's runs"),
        Store("localstack", state / "localstack", "its data are in memory"),
        Store("logs", state / "logs", "30 MB a service"),
        Store("spark", state / "spark", "each process removes its own, and those of killed ones"),
        Store("airflow", state / "airflow", "the tasks' logs, some KB a run"),
        Store("notebooks", state / "workspace", "what notebooks write"),
    ]


def size(folder: Path) -> int:
    """Return the bytes on disk of all files below a folder, 0 where there is none; links are not followed."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):  # servers remove files all the time
                total += (
                    Path(parent, name).lstat().st_blocks * 512
                )  # stat(2): blocks of 512 bytes, whatever the disk's
    return total


def print_disk(console: Console, settings: Settings) -> None:
    """Print what each service of local mode holds, and what is free."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("disk")
    table.add_column("holds", justify="right")
    table.add_column("bounded by")
    for store in stores(settings):
        table.add_row(store.name, f"{size(store.path) / _MB:,.0f} MB", store.bound)
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
