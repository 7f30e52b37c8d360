"""End what a killed LocalStack leaves running: its Kinesis.

Kinesis (the npm package kinesis-local) is a process of its own, in a session of its own, so that of a killed LocalStack
lives on, with some hundred MB of streams that nobody reads.
"""

from pathlib import Path

import psutil
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="localstack")

# It ends in well under a second; more than ten times that, on a busy machine.
_END_SECONDS = 10.0


def end_orphans(root: Path) -> None:
    """End the Kinesis servers that run from this root folder of LocalStack's."""
    orphans = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(f"{root}/") for word in process.info["cmdline"] or [])
        and any(word.endswith("kinesis-local/main.js") for word in process.info["cmdline"] or [])
    ]
    for process in orphans:
        log.info("ending the Kinesis of a LocalStack that was killed", pid=process.pid)
        process.terminate()
    _, living = psutil.wait_procs(orphans, timeout=_END_SECONDS)
    for process in living:
        process.kill()
    psutil.wait_procs(living, timeout=_END_SECONDS)
