"""The tasks of the DAG pinterest_batch that need no Spark; the DAG file only names them.

What a task raises ends up in its log, which is where people look: each message says what to do.
"""

import json
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from airflow.sdk import BaseSensorOperator, Context
from airflow.sdk.exceptions import AirflowSensorTimeout
from confluent_kafka import KafkaException
from psycopg2.extras import Json

from common.airflow import home
from common.clients import postgres_connection
from common.settings import load_settings
from operations.airflow.old_logs import remove_old
from operations.query import Answer, ask, load_queries
from operations.verify.run import reconcile_run
from services.s3_sink.catch_up import end_offsets, lost_by_kafka, not_landed
from services.s3_sink.zone import LandingZone, StaleEnd, Unavailable

_REMEDY = "See `make status` and `make logs SERVICE=s3-sink`; then clear this task, or `make trigger` again"


class LandedSensor(BaseSensorOperator):
    """Waits until all that was in Kafka at its start has landed; gives the offsets of then, by topic and partition.

    It pokes from one process, so that what it waits for stays fixed while records go on arriving.
    """

    def execute(self, context: Context) -> dict[str, dict[str, int]]:
        """Fix the end offsets, wait for them, return them.

        Raises:
            AirflowSensorTimeout: the sink has not caught up; the message says what is missing.
            ValueError: no wait helps: Kafka ends before the landing zone, or an object there is not the sink's.
        """
        self._settings = load_settings()
        self._zone = LandingZone(self._settings)
        self._ends = end_offsets(self._settings)
        self._knows_lost = False
        try:
            super().execute(context)
        except AirflowSensorTimeout as error:
            raise AirflowSensorTimeout(f"{error} {self._missing()}. {_REMEDY}.") from None
        return self._fixed()

    def poke(self, context: Context) -> bool:  # noqa: ARG002 - Airflow's signature
        """Return whether it has all landed."""
        if lost := self._lost():
            raise ValueError("; ".join(lost))
        try:
            return not not_landed(self._zone, self._ends)
        except (StaleEnd, Unavailable) as problem:
            self.log.warning("%s", problem)
            return False

    def _lost(self) -> list[str]:
        """Return what Kafka had lost at the start, once: records that it loses while this waits do not land."""
        if self._knows_lost:
            return []
        try:
            lost = lost_by_kafka(self._settings, self._zone)
        except (StaleEnd, Unavailable, KafkaException):
            return []  # the next look asks again
        self._knows_lost = True
        return lost

    def _missing(self) -> str:
        try:
            return f"Not landed: {'; '.join(not_landed(self._zone, self._ends))}"
        except (StaleEnd, Unavailable, KafkaException) as problem:
            return f"What is missing cannot be told: {problem}"

    def _fixed(self) -> dict[str, dict[str, int]]:
        fixed: dict[str, dict[str, int]] = {}
        for one, end in self._ends.items():
            fixed.setdefault(one.topic, {})[str(one.partition)] = end
        return fixed


def reconcile(run_id: str, ends: Mapping[str, Mapping[str, int]], tables: str) -> None:
    """Compare what each hop of the batch path holds, up to the offsets that the run began with.

    Raises:
        RuntimeError: a hop lost or doubled something, or a data-quality threshold is broken.
    """
    reconcile_run(load_settings(), run_id, ends, tables)


def keep_answers(run_id: str) -> None:
    """Ask the nine queries and keep their answers under the run's id; again, they replace themselves.

    The run's last task: it removes old logs as well.
    """
    settings = load_settings()
    queries = list(load_queries().values())
    answers = ask(settings, (query.sql for query in queries))
    with (
        closing(postgres_connection(settings, "batch_writer")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for query, answer in zip(queries, answers, strict=True):
            cursor.execute(_KEEP, [run_id, query.number, query.title, answer.columns, _rows(answer)])
    remove_old(home(settings) / "logs", time.time())


_KEEP = """
INSERT INTO ops.query_answers (dag_run_id, query, title, columns, answer) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (dag_run_id, query) DO UPDATE SET (title, columns, answer, answered_at)
= ROW(excluded.title, excluded.columns, excluded.answer, excluded.answered_at)
"""


def _rows(answer: Answer) -> Json:
    def plain(value: Any) -> object:  # noqa: ANN401 - what Postgres gives besides JSON's own types
        return str(value)

    return Json(answer.rows, dumps=lambda rows: json.dumps(rows, default=plain))
