"""The state of a whole stack as the version of the baseline left it: a running stack is put back into it."""

import io
import json
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable
from pyarrow import parquet

from common import batch_progress
from common.clients import delta_options, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, FORMER_BATCH, QUARANTINE, folder
from contracts.tables import TABLES
from services.source.fill import DATABASE, root_connection
from spark_jobs.sinks import delta
from tests.baseline import databases
from tests.baseline.databases import BASELINE
from tests.buckets import empty_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The form of the tables that the version noted beside its progress.
_FORM = 2
_FILE = "part-00000.zstd.parquet"
_COMMIT = "_delta_log/00000000000000000000.json"


def put_back(settings: Settings) -> None:
    """Bring Postgres, MySQL and the bucket into the baseline's state, with the present rows.

    What writes into them has to be stopped before. Kafka, the landing zone, the streams and the streaming writer's
    Delta tables and checkpoints were as they are.
    """
    databases.put_back(settings)
    _put_back_source(settings)
    s3 = s3_client(settings)
    for name in (*TABLES, QUARANTINE):
        # There is no quarantine where no record has been rejected.
        if DeltaTable.is_deltatable(delta.location(settings, name), delta_options(settings)):
            _put_back_delta(s3, settings, name)
    _put_back_progress(s3, settings)


def delta_columns(name: str) -> list[str]:
    """Return the columns of a Delta table of the batch path."""
    return [field["name"] for field in json.loads(_metadata(name)["schemaString"])["fields"]]


def _metadata(name: str) -> dict[str, Any]:
    actions = (json.loads(line) for line in _first_commit(name).splitlines())
    [metadata] = [action["metaData"] for action in actions if "metaData" in action]
    return dict(metadata)


def _first_commit(name: str) -> str:
    """Return what the version wrote into the log of a new table, but for the files."""
    return (BASELINE / "delta" / f"{name}.json").read_text()


def _put_back_source(settings: Settings) -> None:
    """Make the source tables by the baseline's SQL, of the rows that they have."""
    with root_connection(settings) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {DATABASE}")
        for file in sorted((BASELINE / "mysql").glob("*.sql")):
            table = file.stem
            cursor.execute(f"RENAME TABLE {table} TO present")
            cursor.execute(file.read_text())
            cursor.execute(
                "SELECT group_concat('`', column_name, '`') FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = %s",
                (DATABASE, table),
            )
            [(columns,)] = cursor.fetchall()
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM present")  # noqa: S608
            cursor.execute("DROP TABLE present")


def _put_back_delta(s3: "S3Client", settings: Settings, name: str) -> None:
    """Write the rows of a table of the batch path to where the baseline kept it, under its log's first commit."""
    present = DeltaTable(delta.location(settings, name), storage_options=delta_options(settings))
    body = io.BytesIO()
    parquet.write_table(
        present.to_pyarrow_table(columns=delta_columns(name)), body, compression="zstd", store_schema=False
    )
    file = {"path": _FILE, "size": body.tell(), "modificationTime": _metadata(name)["createdTime"]}
    added = json.dumps({"add": {**file, "partitionValues": {}, "dataChange": True}})
    objects = {_FILE: body.getvalue(), _COMMIT: f"{_first_commit(name)}{added}\n".encode()}
    for path, content in objects.items():
        s3.put_object(Bucket=settings.bucket, Key=f"{folder(FORMER_BATCH, name)}/{path}", Body=content)
    empty_bucket(settings, f"{folder(BATCH, name)}/")


def _put_back_progress(s3: "S3Client", settings: Settings) -> None:
    body = s3.get_object(Bucket=settings.bucket, Key=batch_progress.KEY)["Body"].read()
    known = json.loads(body) | {"form": _FORM}
    s3.put_object(Bucket=settings.bucket, Key=batch_progress.KEY, Body=json.dumps(known).encode())
