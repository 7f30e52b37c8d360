"""After a lost bucket: wait for the S3 sink, then have Airflow rebuild the batch path's Delta tables, once a loss.

Nothing of it is kept in this process: that the bucket is lost is known from ops (`common.bucket`), and the run
is named after the bucket, so Airflow knows whether it was started. A restart of provisioning changes nothing.
"""

import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException, TopicPartition
from structlog.stdlib import BoundLogger

from common.airflow import AirflowApi, AirflowError
from common.bucket import Identity, identity, lost_tables
from common.clients import postgres_connection, s3_client
from common.profiles import is_enabled
from common.settings import Settings
from contracts.tables import Table
from operations.airflow.trigger import DAG, known, run_of
from operations.verify.snapshot import batch_at_work
from services.s3_sink.catch_up import end_offsets, missing
from services.s3_sink.zone import LandingZone, StaleEnd, Unavailable

# A look asks S3, Postgres and Airflow for a few small things; people who wait for it look again as often.
_SECONDS = 5.0
# Of a restart of LocalStack the watch is told at once; a bucket that was removed by hand can wait.
_IDLE_SECONDS = 30.0
_NOT_NOW = (
    *(AirflowError, psycopg2.Error, KafkaException),
    *(BotoCoreError, ClientError, StaleEnd, Unavailable, ValueError),
)


class Rebuild:
    """Follow the rebuild in a thread of its own: Airflow may keep a call waiting for seconds."""

    def __init__(self, log: BoundLogger, settings: Settings) -> None:
        """Nothing is known yet; the first look is due."""
        self.step: str | None = None
        self._log, self._settings = log, settings
        self._s3, self._zone = s3_client(settings), LandingZone(settings)
        self._due = threading.Event()
        self._due.set()
        self._bucket: Identity | None = None  # a lost one's successor
        self._ends: dict[TopicPartition, int] = {}
        self._api: AirflowApi | None = None

    @property
    def state(self) -> dict[str, str | None]:
        """Return what the state file says: since when there is a new bucket, and what its rebuild is at."""
        since = self._bucket.made_at.isoformat() if self._bucket else None
        return {"bucket_lost": since, "rebuild": self.step}

    @property
    def is_due(self) -> bool:
        """Return whether a look is due."""
        return self._due.is_set()

    def look_again(self) -> None:
        """Ask for a look: LocalStack has lost what it had, and what is known of an earlier loss is over."""
        self.step = self._bucket = None
        self._due.set()

    def watch(self, stop: threading.Event) -> None:
        """Look until `stop` is set: every few seconds as long as a rebuild is under way, else now and then."""
        while not stop.is_set():
            self.look()
            if self.is_due:
                stop.wait(_SECONDS)
            else:
                self._due.wait(_IDLE_SECONDS)

    def look(self) -> None:
        """Do the rebuild's next step, if one is due, and say what it is at."""
        self._due.clear()
        try:
            step = self._next_step()
        except _NOT_NOW as error:
            self._api = None
            self._due.set()
            # Before a loss is known nothing need be said: a server that is down is no part of it.
            step = f"waits: {str(error).strip()}" if self._bucket else None
        if step != self.step:
            self.step = step
            self._log.info("rebuild after a lost bucket", step=step)

    def _next_step(self) -> str | None:
        bucket = identity(self._s3, self._settings.bucket)
        if bucket is None:  # it will be made, and a look asked for
            return self.step
        with closing(postgres_connection(self._settings, "analyst")) as connection:
            lost = lost_tables(connection, self._settings, bucket.bucket_id)
        if not lost:
            return f"done at {datetime.now(UTC):%H:%M:%S} UTC" if self._is_under_way() else self.step
        self._due.set()
        if bucket != self._bucket:
            self._bucket, self._ends = bucket, end_offsets(self._settings)
        if waiting := missing(self._zone, self._ends):
            total = sum(self._ends.values())
            return f"waits for the S3 sink, which has landed {total - waiting:,} of {total:,} records"
        if not is_enabled(["airflow"], self._settings.compose_profiles):
            return "`make batch` does it (COMPOSE_PROFILES in .env leaves Airflow out)"
        return self._by_airflow(bucket, lost)

    def _is_under_way(self) -> bool:
        return self._bucket is not None and not (self.step or "").startswith("done")

    def _by_airflow(self, bucket: Identity, lost: list[Table]) -> str:
        self._api = self._api or AirflowApi(self._settings)
        run_id = f"rebuild__{bucket.bucket_id}"
        if run := _run(self._api, run_id):
            return _progress(run, lost)
        return _obstacle(self._api, self._settings) or _start(self._api, run_id)


def _run(api: AirflowApi, run_id: str) -> dict[str, Any] | None:
    try:
        return run_of(api, run_id)
    except AirflowError as error:
        if error.status == httpx.codes.NOT_FOUND:
            return None
        raise


def _progress(run: dict[str, Any], lost: list[Table]) -> str:
    if run["state"] == "success":
        return f"ended, but Kafka no longer holds what {', '.join(lost)} was made from; the rows in Postgres stay"
    if run["state"] == "failed":
        return "failed: Airflow has the reason, `make trigger` repeats it"
    return f"Airflow's run {run['dag_run_id']} is {run['state']}"


def _obstacle(api: AirflowApi, settings: Settings) -> str | None:
    """Return what to wait for before a run of ours: people's own runs, and their wish that none starts by itself."""
    if not known(api):
        return "waits for Airflow to read its DAG"
    if api.get(f"dags/{DAG}")["is_paused"]:
        return f"waits, since {DAG} is paused in Airflow: unpause it, or `make batch`"
    for state in ("running", "queued"):
        for run in api.get(f"dags/{DAG}/dagRuns", state=state, limit=1)["dag_runs"]:
            return f"waits for the end of Airflow's run {run['dag_run_id']}"
    return "waits for the end of a batch run" if batch_at_work(settings) else None


def _start(api: AirflowApi, run_id: str) -> str:
    conf = {"full": False, "table": "all"}
    run = api.post(f"dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
    return f"Airflow's run {run['dag_run_id']} is {run['state']}"
