"""Name the folders of the Delta tables in the bucket: `delta_tables/<layer>/<table>`."""

from typing import Literal

Layer = Literal["cleaned", "streaming", "transformed"]

BATCH: Layer = "cleaned"
SPEED: Layer = "streaming"
# Where earlier versions kept the batch path's tables. The course's notebooks write tables of their own there.
FORMER_BATCH: Layer = "transformed"
QUARANTINE = "quarantine"  # of rejected records, beside the tables of each layer


def folder(layer: Layer, name: str) -> str:
    """Return the key prefix of a table, without a slash at its end."""
    return f"delta_tables/{layer}/{name}"
