"""Keeps one streaming query running: starts it, notices its end, says why, and starts it again."""

import re
import time
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from common.backoff import Backoff
from common.settings import Settings
from spark_jobs.sinks.s3_answers import in_words
from spark_jobs.streaming import checkpoints
from spark_jobs.streaming.queries import Query, Sink

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="streaming-writer")

# `psycopg2.errors.UndefinedTable: ...`, `java.net.ConnectException: ...`, at a line's start or after "Caused by:".
_NAMES_AN_ERROR = re.compile(
    r"(Caused by: )?([\w.$]*(Error|Exception|Unavailable)\b|psycopg2\.errors\.\w+): "
)
_DISK_IS_FULL = "psycopg2.errors.DiskFull: "
_REASON_LENGTH = 300
# Where Kafka's offsets are not those of the checkpoint, Spark says so at length, and last of all what it found.
_LOST_BY_KAFKA = re.compile(r"not available in Kafka any more;.*?Reason:\s*([^\n]+?\.)(?:\s|$)", re.DOTALL)
_QUERY_ID = "sql.streaming.queryId"  # where Spark tells a micro-batch's thread whose it is


class Runner:
    """A query and what has become of it. Used by one thread, but for what says otherwise."""

    def __init__(self, settings: Settings, s3: "S3Client", query: Query) -> None:
        """Nothing is started yet."""
        self.query = query
        self.problem: str | None = "not started yet"
        self.last_error: str | None = None
        self.restarts = 0
        self._settings = settings
        self._s3 = s3
        self._running: StreamingQuery | None = None
        self._sink: Sink | None = None
        self._query_id: str | None = None  # Spark's, of its checkpoint, while it runs
        self._lost_id: str | None = None
        self._backoff = Backoff()
        self._start_at = 0.0

    def tend(self) -> None:
        """Start the query if it is due, or note that it has ended."""
        if self._running is not None:
            if self._running.isActive and self._query_id != self._lost_id:
                return
            self._note_end(self._why_it_ends(self._running))
        if time.monotonic() >= self._start_at:
            self._start()

    def _why_it_ends(self, running: StreamingQuery) -> str:
        if not running.isActive:
            return str(running.exception() or "it ended by itself")
        running.stop()
        return "its checkpoint is gone from S3"

    def look_at_checkpoint(self) -> None:
        """Note, for `tend`, that the checkpoint is gone: Spark finds out at the next record. For another thread."""
        query_id = self._query_id
        if query_id is None:
            return
        try:
            found = checkpoints.query_id(self._s3, self._settings.bucket, self.query.name)
        except (BotoCoreError, ClientError) as error:
            log.warning("cannot look at the checkpoint", query=self.query.name, reason=short(str(error)))
            return
        if found != query_id:
            self._lost_id = query_id

    def _start(self) -> None:
        try:
            self._sink = self.query.open_sink()
            self._forget_what_the_sink_lost(self._sink)
            self._sink.make_ready()
            location = f"s3a://{self._settings.bucket}/{checkpoints.prefix(self.query.name)}"
            writing = self.query.read().writeStream.foreachBatch(self._write).queryName(self.query.name)
            self._running = (
                writing.option("checkpointLocation", location)
                .trigger(processingTime=self.query.trigger)
                .start()
            )
            self._query_id = self._running.id
        except Exception as error:
            self._note_end(str(error))
            return
        self.problem = None

    def _forget_what_the_sink_lost(self, sink: Sink) -> None:
        """A checkpoint says what need not be read again: that is wrong once its rows are gone."""
        bucket, name = self._settings.bucket, self.query.name
        query_id = checkpoints.query_id(self._s3, bucket, name)
        # Without an id it can be what a query went on writing after the bucket was lost: Spark refuses to use that.
        if query_id and (sink.remembers(query_id) or not checkpoints.has_commits(self._s3, bucket, name)):
            return
        if checkpoints.forget(self._s3, bucket, name):
            log.warning("what was written is gone: reading the source from its start", query=name)

    def _write(self, batch: DataFrame, batch_id: int) -> None:
        # In a thread of Spark's.
        assert self._sink is not None  # noqa: S101 - the sink is opened before the query starts
        query_id = batch.sparkSession.sparkContext.getLocalProperty(_QUERY_ID)
        assert query_id is not None  # noqa: S101 - Spark sets it for each micro-batch
        self._sink.write(batch, batch_id, query_id)
        self._backoff.reset()

    def _note_end(self, reason: str) -> None:
        self._close()
        checkpoint = f"s3://{self._settings.bucket}/{checkpoints.prefix(self.query.name)}"
        self.problem = self.last_error = with_way_back(reason, checkpoint)
        self.restarts += 1
        wait = self._backoff.next()
        self._start_at = time.monotonic() + wait
        log.error("query ended", query=self.query.name, reason=reason, again_in_seconds=round(wait, 1))

    def _close(self) -> None:
        if self._sink is not None:
            self._sink.close()
        self._sink = self._running = self._query_id = None

    @property
    def progress(self) -> dict[str, Any]:
        """Spark's last report on the query; empty before the first."""
        try:
            return (self._running.lastProgress if self._running is not None else None) or {}
        except (Py4JError, PySparkException):
            return {}  # it ended just now, which the next round will see

    def stop(self) -> None:
        """End the query; a micro-batch under way is not committed, and comes again at the next start."""
        if self._running is not None:
            self._running.stop()
        self._close()


def with_way_back(reason: str, checkpoint: str) -> str:
    """Return what happened and, where a new start alone does not help, what does."""
    lost = _LOST_BY_KAFKA.search(reason)
    if lost is not None:
        return (
            f"{lost[1]} Kafka's log was cut, or the topic made anew. Remove {checkpoint}: the query then reads the"
            " topic from its start"
        )
    told = short(reason)
    if told.startswith(_DISK_IS_FULL):
        return f"Postgres' disk is full: {told.removeprefix(_DISK_IS_FULL)}. Free disk, and the query goes on"
    return told


def short(reason: str) -> str:
    """The line of a long report that says what happened."""
    lines = [line.strip(": ") for line in in_words(reason).splitlines()]
    telling = [line for line in lines if _NAMES_AN_ERROR.match(line)]
    line = next((line for line in [*reversed(telling), *lines] if line), "unknown")
    return line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]} ..."
