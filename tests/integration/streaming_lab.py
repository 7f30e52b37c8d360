"""A streaming writer on trial: what tests send to it, do to it, and read of what becomes of the posts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from common.clients import kinesis_client, postgres_connection
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from spark_jobs.schemas import CLEANED
from stack.local.isolated import ServiceProcess
from tests.e2e.stages import SERVED, delta_rows, served_rows
from tests.kafka_clients import as_user
from tests.locked_tables import locked
from tests.records import geo, pin, user

# A micro-batch takes a second on two cores, Spark's start and the first one 40 s; eight times that, since other tests
# run beside these.
TIMEOUT_SECONDS = 320.0
POSTS = 150

Record = dict[str, Any] | bytes


class Flow:
    """The posts that are sent, and what becomes of them."""

    def __init__(self, settings: Settings, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self.writer = ServiceProcess(settings, "spark_jobs.streaming", log=log, env=env)
        self.sent = dict.fromkeys(TABLES, 0)
        self._first_inds = count(0, POSTS)
        self._forgotten_until = datetime.min.replace(tzinfo=UTC)

    def put(self, table: Table, records: Sequence[Record]) -> None:
        entries = [
            {"Data": each if isinstance(each, bytes) else json.dumps(each).encode(), "PartitionKey": str(n)}
            for n, each in enumerate(records)
        ]
        answer = kinesis_client(self.settings).put_records(
            StreamName=self.settings.stream(table),
            Records=entries,  # type: ignore[arg-type]
        )
        assert answer["FailedRecordCount"] == 0
        self.sent[table] += len(records)

    def put_posts(self, posts: int = POSTS) -> list[int]:
        """Send new posts to the three streams, and return their `ind`."""
        first = next(self._first_inds)
        inds = list(range(first, first + posts))
        for table, make in (("pin", pin), ("geo", geo), ("user", user)):
            self.put(table, [make(ind) for ind in inds])  # type: ignore[arg-type]
        return inds

    def lose_streams(self) -> None:
        """Delete the three streams with all that they hold."""
        kinesis = kinesis_client(self.settings)
        gone = kinesis.get_waiter("stream_not_exists")
        for table in TABLES:
            kinesis.delete_stream(StreamName=self.settings.stream(table))
            # By default it looks at once, while the stream is still being deleted, and again after 10 s.
            gone.wait(StreamName=self.settings.stream(table), WaiterConfig={"Delay": 1, "MaxAttempts": 180})
        self.sent = dict.fromkeys(TABLES, 0)

    def produce(self, values: Sequence[bytes]) -> None:
        producer = Producer({**as_user(self.settings), "acks": "all"})
        for value in values:
            producer.produce(self.settings.rest_proxy.pin_streaming_topic, value)
        assert producer.flush(30) == 0

    def sql(self, query: str, *values: object, database: str = "pinterest") -> list[tuple[Any, ...]]:
        with (
            closing(postgres_connection(self.settings, database=database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query, values)
            return cursor.fetchall()

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Of each table's newest checkpoint: read, cleaned, duplicate, quarantined, warnings."""
        rows = self.sql(
            "SELECT DISTINCT ON (query) query, read, cleaned, duplicate, quarantined, warnings"
            " FROM ops.stream_progress WHERE starts_with(query, 'speed-') AND started_at > %s"
            " ORDER BY query, started_at DESC",
            self._forgotten_until,
        )
        counted = {query: tuple(map(int, counts)) for query, *counts in rows}
        return {table: counted.get(f"speed-{table}", (0,) * 5) for table in TABLES}

    def forget_counts(self) -> None:
        """Let only checkpoints count that begin after now: those that are there are about to be lost."""
        (self._forgotten_until,) = self.sql("SELECT max(started_at) FROM ops.stream_progress")[0]

    def wait_for_all(self) -> None:
        """Until the newest checkpoints have counted all that was sent, and never more than that."""

        def all_read() -> bool:
            read = {table: counts[0] for table, counts in self.counts().items()}
            assert all(read[table] <= self.sent[table] for table in TABLES), f"{read} of {self.sent} sent"
            return read == self.sent

        try:
            wait_until(all_read, timeout=TIMEOUT_SECONDS, what="the speed tables to have everything")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.counts()}\n{self.writer.output()[-3000:]}") from None

    def wait_for_delta(self) -> None:
        """Until the Delta tables hold what Postgres serves, value by value."""

        def same(table: Table) -> bool:
            stored = delta_rows(self.settings, table, CLEANED[table].names, "streaming")
            return stored == served_rows(self.settings, table, "speed")

        wait_until(lambda: all(map(same, TABLES)), timeout=TIMEOUT_SECONDS, what="Delta to be as Postgres is")

    def settle(self) -> dict[str, tuple[int, ...]]:
        """Wait until nothing is under way; return the counts."""
        self.wait_for_all()
        self.wait_for_delta()
        return self.counts()

    def rows(self) -> dict[Table, list[tuple[Any, ...]]]:
        """Return what each table of the speed path serves, in the order of `ind`, which comes first."""
        return {table: self.sql(f"TABLE speed.{SERVED[table]} ORDER BY ind") for table in TABLES}

    def inds(self) -> dict[Table, list[int]]:
        """Return the `ind` of each row that is served."""
        return {table: [row[0] for row in rows] for table, rows in self.rows().items()}

    @contextmanager
    def stopped_at(self, table: str, database: str = "pinterest") -> Iterator[None]:
        """Hold a lock that the writer needs for its next micro-batch; the body begins when the writer waits for it."""
        with locked(self.settings, table, database) as is_awaited:
            wait_until(is_awaited, timeout=TIMEOUT_SECONDS, what=f"the writer at {table}")
            yield


def served_by_all(inds: list[int]) -> dict[Table, list[int]]:
    return dict.fromkeys(TABLES, inds)
