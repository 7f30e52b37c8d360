"""The state of the streaming queries, by which `make status` shows how far behind each is.

`<state_dir>/run/streaming-writer.json` is a `common.state_file`. Its key besides is `queries`, a list with
an entry for each query:

- `name`, `source`: the query, and the stream or topic that it reads
- `problem`: why it does not run now, or null
- `last_error`: why it last ended, or null; `restarts`: how often it has
- `batch`: the number of its last micro-batch, null before the first; `rate`: records a second in it
- `lag_records`, `lag_seconds`: records that wait and the age of the oldest, null while that is not known
"""

import json
from collections.abc import Sequence
from typing import Any

import structlog

from spark_jobs.streaming.lag import Lag
from spark_jobs.streaming.runner import Runner, short

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="streaming-writer")


class LagMeter:
    """The queries' lag."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lags: dict[str, Lag] = {}

    def of(self, name: str) -> Lag | None:
        """A query's lag as last measured; None if it could not be."""
        return self._lags.get(name)

    def measure(self, runner: Runner) -> None:
        """Ask how far this query is behind."""
        offset = end_offset(runner.progress)
        if offset is None:
            return
        try:
            self._lags[runner.query.name] = runner.query.measure_lag(offset)
        except Exception as error:
            self._lags.pop(runner.query.name, None)
            log.warning("cannot measure the lag", query=runner.query.name, reason=short(str(error)))


def end_offset(progress: dict[str, Any]) -> str | None:
    """The source's offset up to which a query has read, as JSON."""
    sources = progress.get("sources") or [{}]
    offset = sources[0].get("endOffset")
    return json.dumps(offset) if isinstance(offset, dict) else offset


def describe(runners: Sequence[Runner], lags: LagMeter) -> dict[str, Any]:
    """Return what the state file says."""
    broken = next((runner for runner in runners if runner.problem), None)
    return {
        "problem": broken and f"query {broken.query.name}: {broken.problem}",
        "queries": [_entry(runner, lags.of(runner.query.name)) for runner in runners],
    }


def _entry(runner: Runner, lag: Lag | None) -> dict[str, Any]:
    progress = runner.progress
    return {
        "name": runner.query.name,
        "source": runner.query.source,
        "problem": runner.problem,
        "last_error": runner.last_error,
        "restarts": runner.restarts,
        "batch": progress.get("batchId"),
        "rate": progress.get("inputRowsPerSecond"),
        "lag_records": lag.records if lag else None,
        "lag_seconds": lag.seconds if lag else None,
    }
