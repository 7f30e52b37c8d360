"""Put this stack's keys where the course's notebooks read theirs: a CSV file and a Delta table of DBFS.

Both have the columns of AWS' file of a new user's keys.
"""

import csv
import io
from pathlib import Path

import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from deltalake import DeltaTable, write_deltalake

from common.clients import delta_options, s3_client
from common.settings import Settings
from workspace.folders import dbfs_root, own_folder, warehouse_key

NAME = "authentication_credentials"
COLUMNS = ("User name", "Password", "Access key ID", "Secret access key", "Console login link")
USER = "databricks-user"  # by which some notebooks choose the row


def provide_credentials(settings: Settings) -> None:
    """Write the file and the table, unless they hold these keys already; without keys in the settings, neither.

    Raises:
        RuntimeError: S3 cannot be reached, or has no bucket.
    """
    if not settings.aws.access_key_id:
        return
    _need_bucket(settings)
    row = (USER, "", settings.aws.access_key_id, settings.aws.secret_access_key.get_secret_value(), "")
    _write_file(own_folder(dbfs_root(settings) / "FileStore" / "tables") / f"{NAME}.csv", row)
    _write_table(f"s3://{settings.bucket}/{warehouse_key(NAME)}", row, delta_options(settings))


def _need_bucket(settings: Settings) -> None:
    """Raise RuntimeError in seconds where there is no bucket; delta-rs would try for minutes."""
    try:
        s3_client(settings).head_bucket(Bucket=settings.bucket)
    except (BotoCoreError, ClientError) as error:
        raise RuntimeError(
            f"notebooks need the bucket {settings.bucket}: {error}. Run `make up`, which makes it."
        ) from None


def _write_file(path: Path, row: tuple[str, ...]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, row])
    path.write_text(text.getvalue())


def _write_table(url: str, row: tuple[str, ...], storage: dict[str, str]) -> None:
    wanted = pa.table({name: [value] for name, value in zip(COLUMNS, row, strict=True)})
    if DeltaTable.is_deltatable(url, storage) and _rows(url, storage) == wanted.to_pylist():
        return
    write_deltalake(url, wanted, mode="overwrite", schema_mode="overwrite", storage_options=storage)


def _rows(url: str, storage: dict[str, str]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = DeltaTable(url, storage_options=storage).to_pyarrow_table().to_pylist()
    return found
