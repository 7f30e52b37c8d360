"""A replay: quarantined records are validated by the current rules, and those that pass take their place in the tables.

A record keeps its place in Kafka, so it becomes a row only if no later record of its ind has; else it is a duplicate.
Delta comes first, then one transaction in Postgres: a repeat of a replay that was killed does no harm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from common.bucket import bucket_id
from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import QUARANTINE
from contracts.run_counts import CountsDoNotAddUpError, TableRunCounts
from contracts.tables import TABLES, Table
from spark_jobs.batch import staging
from spark_jobs.batch.failures import commit
from spark_jobs.batch.steps import Steps
from spark_jobs.batch.tally import Tally
from spark_jobs.readers import parquet
from spark_jobs.replay import store
from spark_jobs.replay.mended_file import KafkaPosition, Quarantined
from spark_jobs.schemas import arrow_schema
from spark_jobs.session.spark import spark_session
from spark_jobs.sinks import copying, delta, postgres
from spark_jobs.sinks.delta_writers import SparkWriter

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

# Columns of the records to validate: `held_for` are the reasons for which they are in quarantine, `mended` is null
# where the text is the one that landed.
_RECORDS = pa.schema(
    {
        "topic": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "held_for": pa.list_(pa.string()),
        "value": pa.string(),
        "mended": pa.string(),
    }
)


@dataclass(frozen=True, eq=False)
class ValidationResult:
    """The result of checking a table's records by the current rules.

    Attributes:
        table: the table.
        staged: the records, validated (`staging.stage`).
        tally: how many there are, accepted and still rejected.
        by_reason: by the reason for which they are in quarantine, how many there are and how many are accepted; a
            record may have several.
    """

    table: Table
    staged: DataFrame
    tally: Tally
    by_reason: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Report:
    """The result of checking by the current rules and, if the accepted records were loaded, of the run that did so."""

    verdicts: list[ValidationResult]
    steps: Steps
    run_id: int | None = None
    accounts: Sequence[TableRunCounts] = ()

    @property
    def accepted(self) -> int:
        """Return how many records pass."""
        return sum(each.tally.accepted for each in self.verdicts)


def validate(
    settings: Settings, records: Sequence[Quarantined], mended: Mapping[KafkaPosition, str], steps: Steps
) -> Report:
    """Judge the records anew.

    Args:
        records: in the order of their places.
        mended: texts to validate in the place of those in quarantine.

    Raises:
        StepFailedError: Spark failed.
    """
    with steps("start Spark"):
        spark = spark_session(settings, "replay", brief=True)
    topics = {settings.topic(table): table for table in TABLES}
    with steps("validate"):
        verdicts = [
            _validate(spark, topics[topic], _to_arrow(list(group), mended))
            for topic, group in groupby(records, attrgetter("place.topic"))
        ]
    return Report(verdicts, steps)


def _to_arrow(records: Sequence[Quarantined], mended: Mapping[KafkaPosition, str]) -> pa.Table:
    texts = [mended.get(each.place) for each in records]
    columns = [
        *zip(*(each.place for each in records), strict=True),
        [each.reasons for each in records],
        [each.raw if text is None else text for each, text in zip(records, texts, strict=True)],
        texts,
    ]
    return pa.table(dict(zip(_RECORDS.names, columns, strict=True)), _RECORDS)


def _validate(spark: SparkSession, table: Table, records: pa.Table) -> ValidationResult:
    # To be counted as the lines of one object.
    one_object = {"start": fn.lit(0), "lines": fn.lit(records.num_rows)}
    staged = staging.stage(spark.createDataFrame(records).withColumns(one_object), table)
    rows = (
        staged.select(fn.explode("held_for").alias("reason"), fn.size("reasons").alias("rejected"))
        .groupBy("reason")
        .agg(fn.count("*"), fn.count_if(fn.col("rejected") == 0))
        .collect()
    )
    return ValidationResult(
        table, staged, staging.tally(staged), {row[0]: (row[1], row[2]) for row in sorted(rows)}
    )


def take_in(settings: Settings, connection: "PostgresConnection", validated: Report) -> Report:
    """Bring the accepted records into the tables and out of quarantine; there is at least one.

    Raises:
        CommitUnknownError: the connection to Postgres was lost at the commit.
        StepFailedError: another step failed; nothing of the replay is visible in Postgres.
        CountsDoNotAddUpError: records were lost on the way.
    """
    started_at, steps = datetime.now(UTC), validated.steps
    passing = {each: _places(each) for each in validated.verdicts if each.tally.accepted}
    accounts = []
    for verdict, places in passing.items():
        with steps(verdict.table):
            accounts.append(_take_in(settings, connection, verdict, places))
    passed = pa.concat_tables(passing.values())
    with steps("quarantine"):
        _release(settings, validated.verdicts[0].staged.sparkSession, passed)
    with steps("commit"):
        run_id = postgres.record_run(
            connection,
            mode="replay",
            started_at=started_at,
            seconds=steps.seconds,
            accounts=accounts,
            bucket_id=bucket_id(s3_client(settings), settings.bucket),
        )
        moved = store.move(connection, passed, run_id)
        if moved != passed.num_rows:
            raise CountsDoNotAddUpError(f"{passed.num_rows} records passed, {moved} left quarantine.batch")
        commit(connection, steps.part)
    return replace(validated, run_id=run_id, accounts=accounts)


def _release(settings: Settings, spark: SparkSession, passed: pa.Table) -> None:
    places = spark.createDataFrame(passed.select(delta.OFFSET))
    delta.remove_quarantined(settings, places, delta.location(settings, QUARANTINE))


def _places(verdict: ValidationResult) -> pa.Table:
    accepted = verdict.staged.where(fn.size("reasons") == 0)
    return accepted.select(*postgres.QUARANTINE.key, "mended").toArrow()


def _take_in(
    settings: Settings, connection: "PostgresConnection", verdict: ValidationResult, passed: pa.Table
) -> TableRunCounts:
    """Delta, then what Delta now holds of the records into Postgres, as in a batch run (`table_run`)."""
    table, count = verdict.table, verdict.tally.accepted
    path = delta.location(settings, table)
    rows, _ = staging.latest(staging.accepted(verdict.staged))
    newest = SparkWriter().merge(rows, path)
    files, declared = delta.files(settings, path), arrow_schema(table)
    ours = parquet.from_places(_by_partition(passed), "source_partition", "source_offset")
    stored = copying.to_csv(parquet.read(settings, files, declared.names, ours, declared))
    account = TableRunCounts(
        table=table,
        ranges=(),
        read=0,
        cleaned=postgres.put(connection, postgres.SERVED[table], stored, replace=False),
        duplicate=count - newest,
        quarantined=-count,
        reasons={reason: -passes for reason, (_, passes) in verdict.by_reason.items() if passes},
        warnings=verdict.tally.warnings,
    )
    account.check()
    return account


def _by_partition(places: pa.Table) -> dict[int, list[int]]:
    offsets: dict[int, list[int]] = {}
    for partition, offset in zip(places["partition"].to_pylist(), places["offset"].to_pylist(), strict=True):
        offsets.setdefault(partition, []).append(offset)
    return offsets
