"""What a LocalStack that was killed leaves of its Kinesis: a server without a parent, and perhaps half a file.

Kinesis (the npm package kinesis-local) is a process of its own, in a session of its own, which writes its streams into
one JSON file again and again. The server of a killed LocalStack lives on and writes there too, beside its successor's;
and a server that finds half a file ends at once, at every start.
"""

import json
from pathlib import Path

import psutil
import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="localstack")

# It writes its file in well under a second and ends; ten times that.
_END_SECONDS = 10.0


def recover(root: Path) -> None:
    """Make LocalStack's root folder fit for a start.

    Streams of which only half was written are set aside: provisioning makes them anew, empty.
    """
    end_orphans(root)
    for file in root.glob("var/lib/localstack/state/kinesis/*.json"):
        try:
            json.loads(file.read_bytes())
        except ValueError as error:
            aside = file.with_suffix(".broken")
            file.replace(aside)
            log.warning(
                "Kinesis' streams were lost: their file is not whole", file=str(aside), reason=str(error)
            )


def end_orphans(root: Path) -> None:
    """End the Kinesis servers that run from this root folder."""
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
