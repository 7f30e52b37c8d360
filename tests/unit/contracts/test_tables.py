"""The declaration of the tables: what is derived from it relies on its form."""

import re

import pytest

from contracts.tables import DECLARATIONS, KEY, TABLES, SourceType, Table, Type


def test_every_table_is_declared_in_the_order_of_their_names() -> None:
    assert tuple(DECLARATIONS) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_the_first_column_is_the_key(table: Table) -> None:
    declared = DECLARATIONS[table]
    assert declared.source_columns[0].type == SourceType.INTEGER
    assert (declared.columns[0].name, declared.columns[0].type) == (KEY, Type.INTEGER)


@pytest.mark.parametrize("table", TABLES)
def test_names_are_plain_and_used_once(table: Table) -> None:
    declared = DECLARATIONS[table]
    for names in (declared.source_names, declared.names, list(declared.compared)):
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name in names)


@pytest.mark.parametrize("table", TABLES)
def test_the_elements_of_each_column_of_several_numbers_are_named(table: Table) -> None:
    for column in DECLARATIONS[table].columns:
        assert bool(column.elements) == (column.type == Type.DOUBLES), column.name


def test_tables_share_no_name_at_the_source_or_where_they_are_served() -> None:
    for names in (
        [declared.source for declared in DECLARATIONS.values()],
        [declared.served for declared in DECLARATIONS.values()],
    ):
        assert len(set(names)) == len(TABLES)


def test_verify_compares_every_column_and_numbers_of_an_array_one_by_one() -> None:
    assert DECLARATIONS["geo"].compared == {
        "ind": Type.INTEGER,
        "country": Type.TEXT,
        "latitude": Type.DOUBLE,
        "longitude": Type.DOUBLE,
        "timestamp": Type.TIME,
    }
