"""Rows of the source tables for tests, by the names of the columns that matter in them."""

from contracts.rows import ROW_TYPES, Row, columns
from contracts.tables import Table


def source_row(table: Table, key: int, **values: object) -> Row:
    """Return a row of the table with these values, all others null."""
    names = columns(table)
    return ROW_TYPES[table](**{**dict.fromkeys(names), names[0]: key, **values})
