"""The things that a reconciliation found to add up, kept in the bucket, so that the next one looks at the rest alone.

Everything kept is trusted until it changes (docs/adr/0016-reconcile-trusts-what-was-proved.md): a landed object and a
data file of Delta until their ETag does, rows of Postgres until one of the transaction that wrote them is gone.
"""

import hashlib
from collections.abc import Collection, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from botocore.exceptions import ClientError

from common.clients import postgres_connection
from contracts.tables import DECLARATIONS, Table
from operations.verify import digest
from operations.verify.accounts import ask

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

    from common.settings import Settings

KEY = "checkpoints/batch/proved.json"
# Which cluster of Postgres this is: a transaction's number says nothing in another one.
_CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
# The reconciliation that a proof is of. A Postgres that was restored from before it does not know it.
_KNOWN = "SELECT FROM ops.reconciliations WHERE dag_run_id = %s AND table_name = %s AND checked_at::text = %s"


class Basis(msgspec.Struct, frozen=True):
    """The thing that a proof is of: the cluster of Postgres, the bucket, the columns and the form of their digest."""

    cluster: str
    bucket: str | None
    columns: tuple[str, ...]


class LandedObject(msgspec.Struct, frozen=True):
    """An object of the landing zone all of whose records a run has read."""

    etag: str
    records: int


class DataFile(msgspec.Struct, frozen=True):
    """A data file of the Delta table: how many rows it has, and their digest."""

    etag: str
    rows: int
    digest: int


class RowGroup(msgspec.Struct, frozen=True):
    """The rows in Postgres that one transaction wrote, their digest, and the nulls of each compared column."""

    rows: int
    digest: int
    nulls: tuple[int, ...]


class Proof(msgspec.Struct, frozen=True):
    """The parts of a table's stages that added up.

    Attributes:
        basis: None in a proof of nothing.
        reached: by partition, the offset up to which each record was found to be a row, in quarantine or superseded.
        objects: by key.
        files: by path, those of the table then.
        groups: by the number of the transaction that wrote them.
        rejected: the digest of the offsets in quarantine below `reached`.
    """

    basis: Basis | None = None
    reached: dict[int, int] = {}
    objects: dict[str, LandedObject] = {}
    files: dict[str, DataFile] = {}
    groups: dict[int, RowGroup] = {}
    rejected: str = ""


class _Kept(msgspec.Struct):
    """A proof, and the row of ops.reconciliations that was written with it."""

    run_id: str
    checked_at: str
    proof: Proof


NOTHING = Proof()


def basis(connection: "PostgresConnection", bucket: str | None, table: Table) -> Basis:
    """Return what a proof made now is of."""
    columns = (f"{name} {kind}" for name, kind in DECLARATIONS[table].compared.items())
    return Basis(ask(connection, _CLUSTER)[0][0], bucket, (digest.FORM, *columns))


class Unchanged(NamedTuple):
    """The number of objects, data files and rows in Postgres that are those that were kept."""

    objects: int
    files: int
    rows: int


def unchanged(known: Proof, now: Proof) -> Unchanged:
    """Return how much of `now` would not be read by a reconciliation that knows the other; both were read in full."""
    if known.basis != now.basis:
        return Unchanged(0, 0, 0)
    return Unchanged(
        sum(known.objects.get(key) == each for key, each in now.objects.items()),
        sum(known.files.get(path) == each for path, each in now.files.items()),
        sum(each.rows for xid, each in now.groups.items() if known.groups.get(xid) == each),
    )


def mistaken(known: Proof, now: Proof) -> list[str]:
    """Return what passes for unchanged, and has another content than was kept."""
    if known.basis != now.basis:
        return []
    objects = ((name, known.objects.get(name), each) for name, each in now.objects.items())
    files = ((name, known.files.get(name), each) for name, each in now.files.items())
    groups = ((f"transaction {xid}", known.groups.get(xid), each) for xid, each in now.groups.items())
    return [
        *(name for name, kept, each in objects if kept and kept.etag == each.etag and kept != each),
        *(name for name, kept, each in files if kept and kept.etag == each.etag and kept != each),
        *(name for name, kept, each in groups if kept and kept.rows == each.rows and kept != each),
    ]


def rejected_digest(rejected: Collection[tuple[int, int]], reached: Mapping[int, int]) -> str:
    """Return the digest of the places in quarantine below these offsets."""
    below = sorted(place for place in rejected if place[1] < reached.get(place[0], 0))
    return hashlib.sha256(repr(below).encode()).hexdigest()


def save(settings: "Settings", s3: "S3Client", proofs: Mapping[Table, tuple[str, str, Proof]]) -> None:
    """Keep each table's proof, with the run and the time of its row in ops.reconciliations."""
    kept = {table: _Kept(*each) for table, each in proofs.items()}
    s3.put_object(Bucket=settings.bucket, Key=KEY, Body=msgspec.json.encode(kept))


def load(settings: "Settings", s3: "S3Client") -> dict[Table, Proof]:
    """Return what was kept and is of this Postgres; nothing where it was lost, or is of another version's form."""
    try:
        body = s3.get_object(Bucket=settings.bucket, Key=KEY)["Body"].read()
        kept = msgspec.json.decode(body, type=dict[Table, _Kept])
    except msgspec.DecodeError:
        return {}
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
            return {}
        raise
    with closing(postgres_connection(settings, "analyst")) as connection:
        return {
            table: each.proof
            for table, each in kept.items()
            if ask(connection, _KNOWN, [each.run_id, table, each.checked_at])
        }
