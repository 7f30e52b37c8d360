"""Looks after the queries' checkpoints: one that is lost while no record comes Spark misses only at the next one."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from spark_jobs.streaming import checkpoints
from spark_jobs.streaming.runner import Runner, short

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="streaming-writer")

# One small request for each query: nothing to S3, and tables that were lost with their bucket are there again as soon.
_SECONDS = 5.0


def start(s3: "S3Client", bucket: str, runners: Sequence[Runner], stop: threading.Event) -> None:
    """Look now and then until `stop` is set, in a thread of its own: a server that hangs must not stop the rest."""

    def run() -> None:
        while not stop.wait(_SECONDS):
            for runner in runners:
                look(s3, bucket, runner)

    threading.Thread(target=run, name="checkpoints", daemon=True).start()


def look(s3: "S3Client", bucket: str, runner: Runner) -> None:
    """Tell the runner where its query's checkpoint is there no longer."""
    query_id = runner.query_id
    if query_id is None:
        return
    try:
        found = checkpoints.query_id(s3, bucket, runner.query.name)
    except (BotoCoreError, ClientError) as error:
        log.warning("cannot look at the checkpoint", query=runner.query.name, reason=short(str(error)))
        return
    if found != query_id:
        runner.note_lost_checkpoint(query_id)
