"""Name the folders of the Delta tables in the bucket: `delta_tables/<layer>/<table>`."""

from typing import Literal

Layer = Literal["cleaned", "streaming", "transformed"]

BATCH: Layer = "cleaned"
SPEED: Layer = "streaming"
# Where earlier versions kept the batch path's tables. The course's notebooks write tables of their own there.
FORMER_BATCH: Layer = "transformed"
# How long a file that the table no longer has is kept, for those who read an earlier version: in `cleaned` Delta's own
# week; in `streaming`, where each minute brings a version, for what a query that runs now may still read.
KEPT_HOURS = {BATCH: 168, SPEED: 1}
QUARANTINE = "quarantine"  # of rejected records, beside the tables of each layer


def folder(layer: Layer, name: str) -> str:
    """Return the key prefix of a table, without a slash at its end."""
    return f"delta_tables/{layer}/{name}"
