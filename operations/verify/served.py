"""The rows of a batch table in Postgres, by the transaction that wrote them.

Postgres never changes a row in place: what updates a row writes another one, with its own transaction's number in
`xmin`. Nobody can add a row to a transaction that has ended. So rows of one transaction that are as many as they were
are those that they were, and their digest is too.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from psycopg2 import sql

from contracts.tables import DECLARATIONS, Table
from operations.verify import digest
from operations.verify.accounts import ask
from operations.verify.proof import RowGroup

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_COUNTS = sql.SQL("SELECT xmin::text::bigint, count(*) FROM {table} GROUP BY xmin")
_DIGESTS = sql.SQL("""
SELECT xmin::text::bigint, count(*), {digest}, {counts} FROM {table} WHERE xmin <> ALL ({trusted}::xid[]) GROUP BY xmin
""")


def groups(
    connection: "PostgresConnection", table: Table, known: Mapping[int, RowGroup]
) -> dict[int, RowGroup]:
    """Return the present rows, by transaction; the digest is computed of those that are not the known ones."""
    name = sql.Identifier("batch", DECLARATIONS[table].served)
    counts: dict[int, int] = dict(ask(connection, _COUNTS.format(table=name)))
    same = {xid: known[xid] for xid, rows in counts.items() if xid in known and known[xid].rows == rows}
    if len(same) == len(counts):
        return same
    query = _DIGESTS.format(
        digest=digest.in_postgres(table),
        counts=sql.SQL(", ").join(sql.SQL("count({})").format(each) for each in digest.columns(table)),
        table=name,
        trusted=sql.Literal([str(xid) for xid in same]),
    )
    found = ((xid, row_group(*numbers)) for xid, *numbers in ask(connection, query))
    return same | dict(found)


def row_group(rows: int, total: int, *not_null: int) -> RowGroup:
    """Return a group of so many rows, from their sum of hashes and the number of values in each column."""
    return RowGroup(rows, int(total) % digest.MODULUS, tuple(rows - each for each in not_null))


def nulls(table: Table, found: Mapping[int, RowGroup]) -> dict[str, int]:
    """Return how many nulls each compared column has."""
    names = [*DECLARATIONS[table].compared]
    return {name: sum(each.nulls[at] for each in found.values()) for at, name in enumerate(names)}
