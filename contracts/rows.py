"""The rows of the source tables as types, by which records are read, validated and written as JSON.

Contract: the section "Source tables" of docs/contracts.md. The columns are those of `contracts.tables`.
"""

from datetime import datetime
from typing import Annotated, Any, cast

from msgspec import Meta, Struct, defstruct

from contracts.tables import DECLARATIONS, SourceType, Table

_TYPES: dict[SourceType, Any] = {
    SourceType.INTEGER: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    SourceType.NUMBER: float,
    SourceType.SHORT_TEXT: str,
    SourceType.TEXT: str,
    SourceType.TIME: Annotated[datetime, Meta(tz=False)],
}


class Row(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A row of any of the source tables: every column has to be given; all but the key, the first, may be None."""


def _row_type(table: Table) -> type[Row]:
    key, *others = DECLARATIONS[table].source_columns
    fields = [(key.name, _TYPES[key.type]), *((column.name, _TYPES[column.type] | None) for column in others)]
    name = f"{table.capitalize()}Row"
    made = defstruct(name, fields, bases=(Row,))
    return cast("type[Row]", made)


ROW_TYPES: dict[Table, type[Row]] = {table: _row_type(table) for table in DECLARATIONS}
TABLE_NAMES: dict[Table, str] = {table: declared.source for table, declared in DECLARATIONS.items()}


def columns(table: Table) -> tuple[str, ...]:
    """The table's columns in order; the first one is its key."""
    return DECLARATIONS[table].source_names
