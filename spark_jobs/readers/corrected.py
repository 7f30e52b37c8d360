"""The texts that rejected records were corrected to, as `quarantine.replayed` holds them."""

from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

# Columns of the texts that records were mended to: where they stand, what had landed there, what is read instead.
MENDED = pa.schema(
    {
        "topic": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "landed": pa.string(),
        "mended": pa.string(),
    }
)


def texts(connection: "PostgresConnection") -> pa.Table:
    """All texts that records were mended to: columns of MENDED."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT topic, partition, "offset", raw, mended FROM quarantine.replayed WHERE mended IS NOT NULL'
        )
        rows = cursor.fetchall()
    return pa.Table.from_pylist([dict(zip(MENDED.names, row, strict=True)) for row in rows], MENDED)
