"""Show in `make status` what of the bucket the pipeline removes again: Delta's old files, and checkpoints."""

from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from common.clients import s3_client
from common.settings import Settings
from contracts.checkpoints import KEPT_MICRO_BATCHES, STREAMING
from contracts.delta_tables import BATCH, KEPT_HOURS, SPEED, folder

_MB = 1024**2


class Part(NamedTuple):
    """A part of the bucket, and what keeps it from growing without end."""

    prefix: str
    bound: str


PARTS = (
    Part(folder(BATCH, ""), f"the tables; their former files {KEPT_HOURS[BATCH] // 24} days, their log 30"),
    Part(folder(SPEED, ""), f"the tables; their former files {KEPT_HOURS[SPEED]} to 2 hours, so their log"),
    Part(STREAMING, f"the last {KEPT_MICRO_BATCHES} micro-batches of each query"),
)


def print_stored(console: Console, settings: Settings) -> None:
    """Print how much each part holds; nothing where S3 does not answer, or there is no bucket.

    The landing zone is not among them: it has every record, and is not listed for its size.
    """
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("bucket")
    for name in ("objects", "holds"):
        table.add_column(name, justify="right")
    table.add_column("bounded by")
    try:
        for part in PARTS:
            sizes = _sizes(settings, part.prefix)
            table.add_row(part.prefix, f"{len(sizes):,}", f"{sum(sizes) / _MB:,.0f} MB", part.bound)
    except (BotoCoreError, ClientError):
        return  # what is down, the table of services says
    console.print()
    console.print(table)


def _sizes(settings: Settings, prefix: str) -> list[int]:
    """Return the size of each object, in bytes."""
    pages = (
        s3_client(settings).get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix)
    )
    return [each["Size"] for page in pages for each in page.get("Contents", [])]
