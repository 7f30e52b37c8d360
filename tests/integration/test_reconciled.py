"""Reconciliation of scheduled runs: whatever changes of what was found to add up is noticed.

The tables are as a batch run leaves them, but written without Spark: Delta by delta-rs, Postgres by the job's own sink.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, count, repeat
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from common.bucket import bucket_id
from common.clients import delta_options, postgres_connection, s3_client
from common.settings import LOOPBACK, Settings
from contracts.delta_tables import BATCH, folder
from contracts.landing import object_key
from contracts.run_counts import OffsetRange, TableRunCounts
from contracts.tables import DECLARATIONS, TABLES, Table
from operations.verify import cleaned, digest, proof, served
from operations.verify.run import ReconciliationError
from operations.verify.stored import PLACE
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from spark_jobs.schemas import arrow_schema
from spark_jobs.sinks import copying, delta, postgres
from tests.buckets import delete_bucket
from tests.integration.reconciliation import Reads, data_files, execute, reads, reconcile
from tests.integration.unsteady_server import UnsteadyServer
from tests.records import geo, pin, user

__all__ = ["reads"]

_FILLED = "batch.pin, batch.geo, batch.users, quarantine.batch, ops.batch_runs, ops.reconciliations"
# Values of each type at its bounds; U+FFFD is what half a surrogate pair becomes on the way.
_ROWS = """
INSERT INTO batch.pin (ind, title, follower_count) VALUES
(-2147483648, '', -9223372036854775808), (0, NULL, 9223372036854775807), (2147483647, e'\\\\ " '' , \\n\\t', NULL),
(3, U&'\\+01F600 \\FFFD', 0), (4, repeat('long', 100000), 1);
INSERT INTO batch.geo VALUES
(1, 'a', '{-1.5, 1e-05}', '0001-01-01 00:00:00Z'), (2, NULL, NULL, '9999-12-31 23:59:59.999999Z'),
(3, 'NaN', '{NaN, -0}', NULL), (4, '', '{0, NULL}', '1999-12-31 23:59:59.999999Z'),
(5, '-1', '{Infinity, 5e-324}', '1582-10-04 00:00:00.000001Z');
INSERT INTO batch.users VALUES (1, 'Ann O''Hara', 30, '1677-09-21 00:12:43Z'), (2, NULL, NULL, NULL)
"""
# By table: the records that land, the offsets of which become rows, and the one that is rejected.
_RECORDS: dict[Table, list[Any]] = {
    "pin": [pin(1, title="old"), pin(1), pin(2), "{broken", pin(3)],
    "geo": [geo(1), geo(2, latitude=91), geo(2), geo(3), geo(3)],
    "user": [user(1), user(2), user(2, age=-1), user(3)],
}
_KEPT: dict[Table, dict[int, int]] = {  # offset: ind
    "pin": {1: 1, 2: 2, 4: 3},
    "geo": {0: 1, 2: 2, 4: 3},
    "user": {0: 1, 1: 2, 3: 3},
}
_REJECTED: dict[Table, int] = {"pin": 3, "geo": 1, "user": 2}
ENDS: dict[Table, int] = {table: len(records) for table, records in _RECORDS.items()}


@pytest.fixture(scope="module")
def schema(localstack: Settings, postgres: Settings) -> Settings:  # noqa: ARG001 - it has to run
    ensure_schema(postgres)
    return postgres


@pytest.fixture
def posts(schema: Settings) -> Iterator[Settings]:
    """Three posts that have landed and were cleaned by a run."""
    mine = schema.replace(USER_ID=secrets.token_hex(6))
    execute(mine, f"TRUNCATE {_FILLED} CASCADE")
    ensure_bucket(mine)
    for table in TABLES:
        lines = (each if isinstance(each, str) else json.dumps(each) for each in _RECORDS[table])
        _put(mine, object_key(mine.topic(table), 0, 0), "".join(f"{line}\n" for line in lines).encode())
    _write(mine)
    yield mine
    delete_bucket(mine)


def _write(settings: Settings) -> None:
    """Write the rows and the rejects, as a run does: Delta first, then Postgres in one transaction."""
    places = [pa.field(PLACE[0], pa.int32()), pa.field(PLACE[1], pa.int64())]
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for table in TABLES:
            rows = [
                _row(table, ind) | dict(zip(PLACE, (0, at), strict=True)) for at, ind in _KEPT[table].items()
            ]
            found = pa.Table.from_pylist(rows, pa.schema([*arrow_schema(table), *places]))
            write_deltalake(delta.location(settings, table), found, storage_options=delta_options(settings))
            batches = iter(found.select(DECLARATIONS[table].names).to_batches())
            postgres.put(connection, postgres.SERVED[table], copying.to_csv(batches), replace=False)
            rejected = [settings.topic(table), _REJECTED[table], ["not_json"]]
            cursor.execute("INSERT INTO quarantine.batch VALUES (%s, 0, %s, %s, '{')", rejected)
        postgres.record_run(
            connection,
            mode="rebuild",
            started_at=datetime.now(UTC),
            seconds={},
            accounts=[_counts(settings, table) for table in TABLES],
            bucket_id=bucket_id(s3_client(settings), settings.bucket),
        )


def _counts(settings: Settings, table: Table) -> TableRunCounts:
    ranges = (OffsetRange(settings.topic(table), 0, 0, ENDS[table]),)
    return TableRunCounts(table, ranges, ENDS[table], 3, ENDS[table] - 4, 1)


def _row(table: Table, ind: int) -> dict[str, Any]:
    moment = datetime(2020, 8, 28, 3, 52, 47, tzinfo=UTC)
    rows: dict[Table, dict[str, Any]] = {
        "pin": {"title": f"Title {ind}", "follower_count": 3000},
        "geo": {"country": "Albania", "coordinates": [-1.5, 1e-05], "timestamp": moment},
        "user": {"user_name": f"Ann {ind}", "age": 30, "date_joined": moment},
    }
    return rows[table] | {"ind": ind}


def test_postgres_and_arrow_compute_the_same_digest(posts: Settings) -> None:
    execute(posts, f"TRUNCATE {_FILLED} CASCADE", _ROWS)
    with closing(postgres_connection(posts, "analyst")) as connection:
        for table in TABLES:
            groups = served.groups(connection, table, {})
            rows = cleaned.of_postgres(connection, "batch", table)
            assert digest.of_parts(groups.values()) == f"{digest.of_rows(rows, table):016x}" != "0" * 16, (
                table
            )
            nulls = {name: rows[name].null_count for name in rows.column_names}
            assert served.nulls(table, groups) == nulls


@dataclass(frozen=True)
class Damage:
    """Something that changes what was found to add up: what is done, what is said then, and what takes it back."""

    name: str
    do: Callable[[Settings], Callable[[], object]]
    said: str


def _in_postgres(name: str, statement: str, said: str, back: str) -> Damage:
    def do(settings: Settings) -> Callable[[], object]:
        execute(settings, statement)
        return lambda: execute(settings, back)

    return Damage(name, do, said)


def _get(settings: Settings, key: str) -> bytes:
    return s3_client(settings).get_object(Bucket=settings.bucket, Key=key)["Body"].read()


def _put(settings: Settings, key: str, body: bytes) -> None:
    s3_client(settings).put_object(Bucket=settings.bucket, Key=key, Body=body)


def _data_file(settings: Settings, table: Table) -> str:
    """Return the key of the data file of a Delta table."""
    prefix = f"s3a://{settings.bucket}/"
    [key] = (
        path.removeprefix(prefix) for path in data_files(settings) if f"/{folder(BATCH, table)}/" in path
    )
    return key


def lose_a_file(settings: Settings) -> Callable[[], object]:
    key = _data_file(settings, "geo")
    body = _get(settings, key)
    s3_client(settings).delete_object(Bucket=settings.bucket, Key=key)
    return lambda: _put(settings, key, body)


def change_a_file(settings: Settings) -> Callable[[], object]:
    """Replace a data file by one with as many rows, and another country in each."""
    key = _data_file(settings, "geo")
    body = _get(settings, key)
    rows = pq.ParquetFile(pa.BufferReader(body)).read()
    at = rows.column_names.index("country")
    buffer = pa.BufferOutputStream()
    pq.write_table(rows.set_column(at, "country", pa.array(["Peru"] * len(rows))), buffer)
    _put(settings, key, buffer.getvalue().to_pybytes())
    return lambda: _put(settings, key, body)


def replace_an_object(settings: Settings) -> Callable[[], object]:
    """Replace a landed object by one of as many records, the superseded one of another post."""
    key = object_key(settings.topic("pin"), 0, 0)
    body = _get(settings, key)
    _put(settings, key, body.replace(b'"index": 1', b'"index": 8', 1))
    return lambda: _put(settings, key, body)


def cut_an_object(settings: Settings) -> Callable[[], object]:
    key = object_key(settings.topic("user"), 0, 0)
    body = _get(settings, key)
    _put(settings, key, body[: body.rindex(b"\n", 0, -1) + 1])
    return lambda: _put(settings, key, body)


DAMAGES = (
    _in_postgres(
        "a value in Postgres is another",
        "UPDATE batch.pin SET title = 'Title 9' WHERE ind = 2",
        r"pin: the values in Delta \(.*\) are not those in Postgres",
        "UPDATE batch.pin SET title = 'Title 2' WHERE ind = 2",
    ),
    _in_postgres(
        "two rows have changed their values",
        "UPDATE batch.pin SET title = 'Title ' || 5 - ind WHERE ind IN (2, 3)",
        "pin: the values in Delta",
        "UPDATE batch.pin SET title = 'Title ' || ind WHERE ind IN (2, 3)",
    ),
    _in_postgres(
        "a row in Postgres is gone",
        "CREATE TABLE public.kept AS SELECT * FROM batch.geo WHERE ind = 3; DELETE FROM batch.geo WHERE ind = 3",
        "geo: 3 rows in Delta, 2 in Postgres",
        "INSERT INTO batch.geo SELECT * FROM public.kept; DROP TABLE public.kept",
    ),
    _in_postgres(
        "a record is in quarantine no more",
        """CREATE TABLE public.kept AS SELECT * FROM quarantine.batch WHERE "offset" = 2;
        DELETE FROM quarantine.batch WHERE "offset" = 2""",
        r"neither in Delta nor in quarantine: 1 offsets: 2(.|\n)*user: 1 quarantined, 0 in quarantine\.batch",
        "INSERT INTO quarantine.batch SELECT * FROM public.kept; DROP TABLE public.kept",
    ),
    Damage(
        "a data file of Delta is lost", lose_a_file, "has lost 1 of its 1 data files.*make trigger FULL=1"
    ),
    Damage("a data file of Delta is another", change_a_file, "geo: the values in Delta"),
    Damage(
        "a landed object is another", replace_an_object, "neither in Delta nor in quarantine: 1 offsets: 0"
    ),
    Damage("a landed object has lost a record", cut_an_object, "not in S3: 1 offsets: 3"),
)


def test_whatever_changes_of_what_is_known_is_noticed(posts: Settings, reads: Reads) -> None:
    reconcile(posts, ENDS)
    for damage in DAMAGES:
        reads.clear()
        reconcile(posts, ENDS)
        assert reads == Reads(), f"before {damage.name}"
        repair = damage.do(posts)
        with pytest.raises((ReconciliationError, ValueError), match=damage.said):
            reconcile(posts, ENDS)
        repair()
        reconcile(posts, ENDS)


def test_a_postgres_that_does_not_know_of_the_proof_is_read_in_full(posts: Settings, reads: Reads) -> None:
    """As one that was restored from before it, whose transactions have their numbers again."""
    reconcile(posts, ENDS)
    assert (len(reads.objects), sorted(reads.files), reads.rows) == (3, data_files(posts), 9)
    execute(posts, "UPDATE ops.reconciliations SET checked_at = checked_at - interval '1 microsecond'")
    assert proof.load(posts, s3_client(posts)) == {}
    reads.clear()
    reconcile(posts, ENDS)
    assert (len(reads.objects), sorted(reads.files), reads.rows) == (3, data_files(posts), 9)


def test_whichever_connection_is_refused_the_next_run_adds_up(posts: Settings, reads: Reads) -> None:
    with UnsteadyServer(posts.postgres.host, posts.postgres.port) as server:
        behind = posts.replace(POSTGRES_HOST=LOOPBACK, POSTGRES_PORT=server.port)

        def is_refused_at(connection: int) -> bool:
            with server.refusing(chain(repeat(False, connection), [True], repeat(False))):
                return _is_refused(behind)

        connections = next(number for number in count() if not is_refused_at(number))
    assert connections == server.refused > len(TABLES)
    assert proof.load(posts, s3_client(posts)).keys() == {*TABLES}
    reads.clear()
    reconcile(posts, ENDS)
    assert reads == Reads()


def _is_refused(settings: Settings) -> bool:
    try:
        reconcile(settings, ENDS)
    except psycopg2.OperationalError:
        return True
    return False


@pytest.mark.parametrize("body", [b"", b"[]", b'{"pin": {"run_id": 1}}'])
def test_what_was_kept_in_another_form_is_nothing(posts: Settings, body: bytes) -> None:
    _put(posts, proof.KEY, body)
    assert proof.load(posts, s3_client(posts)) == {}
