"""Test the types of the source tables' rows, made from the tables' declaration.

The module is run again for it, as its types are made when it is imported.
"""

import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest

import contracts.rows
from contracts.tables import DECLARATIONS, TABLES, SourceType, Table

GIVEN: dict[SourceType, object] = {
    SourceType.INTEGER: 7,
    SourceType.NUMBER: 7.5,
    SourceType.SHORT_TEXT: "text",
    SourceType.TEXT: "text",
    SourceType.TIME: "2026-01-02T03:04:05",
}
REFUSED: dict[SourceType, tuple[object, ...]] = {
    SourceType.INTEGER: ("7", 7.5, 2**31, -(2**31) - 1),
    SourceType.NUMBER: ("7.5",),
    SourceType.SHORT_TEXT: (7,),
    SourceType.TEXT: (7,),
    SourceType.TIME: ("yesterday", "2026-01-02T03:04:05Z"),
}


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    return runpy.run_path(str(Path(contracts.rows.__file__)), run_name="contracts.rows")


@pytest.fixture(scope="module")
def row_types(module: dict[str, Any]) -> dict[Table, Any]:
    types: dict[Table, Any] = module["ROW_TYPES"]
    return types


def given(table: Table, **changed: object) -> dict[str, object]:
    return {column.name: GIVEN[column.type] for column in DECLARATIONS[table].source_columns} | changed


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_the_declared_columns_in_their_order(table: Table, row_types: dict[Table, Any]) -> None:
    made = row_types[table]
    assert made.__struct_fields__ == DECLARATIONS[table].source_names
    assert made.__name__ == f"{table.capitalize()}Row"
    row = msgspec.convert(given(table), made)
    assert list(msgspec.to_builtins(row)) == list(DECLARATIONS[table].source_names)


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_given_and_of_its_type(table: Table, row_types: dict[Table, Any]) -> None:
    made, columns = row_types[table], DECLARATIONS[table].source_columns
    for place, column in enumerate(columns):
        without = {name: value for name, value in given(table).items() if name != column.name}
        wrong = [given(table, **{column.name: value}) for value in REFUSED[column.type]]
        for bad in (without, *wrong, *([given(table, **{column.name: None})] if place == 0 else [])):
            with pytest.raises(msgspec.ValidationError):
                msgspec.convert(bad, made)
        if place:
            assert getattr(msgspec.convert(given(table, **{column.name: None}), made), column.name) is None


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_one_of_any_table(table: Table, module: dict[str, Any], row_types: dict[Table, Any]) -> None:
    made = row_types[table]
    assert issubclass(made, module["Row"])
    # A row holds no other object that refers to it; the garbage collector would look at a million of them.
    config = made.__struct_config__
    assert (config.frozen, config.forbid_unknown_fields, config.gc) == (True, True, False)


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_no_other_column_and_does_not_change(table: Table, row_types: dict[Table, Any]) -> None:
    made = row_types[table]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given(table, other=1), made)
    row = msgspec.convert(given(table), made)
    with pytest.raises(AttributeError):
        setattr(row, DECLARATIONS[table].source_names[0], 8)
    assert hash(row) == hash(msgspec.convert(given(table), made))


def test_tables_have_their_names_in_mysql() -> None:
    assert set(contracts.rows.TABLE_NAMES) == set(TABLES)
    for table in TABLES:
        assert contracts.rows.columns(table) == DECLARATIONS[table].source_names
