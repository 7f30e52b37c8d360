"""Remove a layer's old files as its job does, all of them at once: `python -m tests.integration.vacuum_now <layer>`.

A process of its own: delta-rs would wait for its answer with Python's lock held, in which the server that notes its
calls has to give it.
"""

import sys
from typing import cast

from common.clients import delta_options
from common.settings import load_settings
from contracts.delta_tables import KEPT_HOURS, Layer
from contracts.tables import TABLES
from spark_jobs.sinks import delta


def main() -> None:
    """Fail where a table has no old file."""
    settings, layer = load_settings(), cast("Layer", sys.argv[1])
    KEPT_HOURS[layer] = 0
    for table in TABLES:
        removed = delta.vacuum(delta.location(settings, table, layer), delta_options(settings), layer)
        assert removed, table


if __name__ == "__main__":
    main()
