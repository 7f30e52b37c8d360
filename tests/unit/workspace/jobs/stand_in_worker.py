"""Stand for `workspace.jobs.worker`, without Spark: the text of the notebook says what it does."""

import json
import os
import pathlib
import signal
import sys
import time
from typing import Any


def interrupted(*_: object) -> None:
    """Take a SIGINT for what cancels the notebook."""
    raise InterruptedError


def answer(job: dict[str, Any]) -> dict[str, object]:
    """Run a notebook, and return how it ended."""
    path = pathlib.Path(job["path"])
    text = path.read_text()
    pathlib.Path(job["output"]).write_text(f"[1] <b>{os.getpid()}</b> {job['parameters']}")
    try:
        while "slow" in text and not path.with_suffix(".go").exists():
            time.sleep(0.05)
        signal.signal(signal.SIGINT, interrupted)
        print("begun", flush=True)
        if "loops" in text:
            time.sleep(600)
        if "dies" in text:
            os._exit(9)
    except InterruptedError:
        return {"result": "CANCELED", "message": "Run cancelled."}
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if "fails" in text:
        return {"result": "FAILED", "message": "see output", "error": "ValueError: no", "trace": "cell 1"}
    return {"result": "SUCCESS", "value": text.strip()}


def main() -> None:
    """Run the notebooks that standard input names, until an empty line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        if not line.strip():
            break
        job = json.loads(line)
        stops = "stops" in pathlib.Path(job["path"]).read_text()
        print(json.dumps(answer(job) | {"lives": not stops}), flush=True)
        if stops:
            time.sleep(600)


if __name__ == "__main__":
    main()
