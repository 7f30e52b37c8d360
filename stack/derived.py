"""Write what people and other programs read of what the code declares.

`make format` runs it. Of contracts/, from which the programs derive the rest as they run: sql/mysql/*.sql, Kafka's .env
files and the tables of docs/contracts.md; of services/provision/api_definition.py: the API's definition for Terraform.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from common.settings import ROOT
from contracts.kafka_access import GRANTS
from contracts.tables import DECLARATIONS, KEY, Column, Declaration, SourceColumn, Table, Type
from services.provision.api_definition import terraform_template
from services.source.generator import generate
from stack.kafka import broker

CONTRACTS = ROOT / "docs" / "contracts.md"
SQL = ROOT / "sql" / "mysql"
TERRAFORM_API = ROOT / "terraform" / "shared" / "api.json.tftpl"
_HEADER = "-- Written by `make format` from contracts/tables.py."
# The post of the sample lines, and the seed that generates it.
_SAMPLE, _SEED = 7528, 42


def create_table(declared: Declaration) -> str:
    """Return the statement that makes a source table, with a comment in SQL above it."""
    key, *others = declared.source_columns
    columns = [f"{_column(key)} NOT NULL PRIMARY KEY", *map(_column, others)]
    about = f"{_HEADER} Posts: {declared.comment}; times are UTC."
    body = ",\n    ".join(columns)
    return f"{about}\nCREATE TABLE {declared.source} (\n    {body}\n) CHARACTER SET utf8mb4;\n"


def _column(column: SourceColumn) -> str:
    return f"`{column.name}` {column.type}"


def contracts(text: str) -> str:
    """Return the text of docs/contracts.md with what is between its marks as the declaration has it."""
    parts = {
        "source tables": _source_tables(),
        "sample lines": _sample_lines(),
        "cleaned tables": _cleaned_tables(),
        "kafka rights": _kafka_rights(),
    }
    for name, lines in parts.items():
        mark = f"<!-- {name}, by `make format` -->\n"
        pieces = text.split(mark)
        if len(pieces) != 3:
            raise ValueError(f"docs/contracts.md lacks a pair of lines {mark.strip()}")
        text = f"{pieces[0]}{mark}{lines}{mark}{pieces[2]}"
    return text


def _source_tables() -> str:
    rows = (
        f"| `{each.source}` | {', '.join(f'`{column.name}` {column.type}' for column in each.source_columns)} |\n"
        for each in DECLARATIONS.values()
    )
    return "\n| table | columns, in order; the first one is the key |\n|---|---|\n" + "".join(rows) + "\n"


def _sample_lines() -> str:
    return "\n```json\n" + "".join(f"{_sample(table)}\n" for table in DECLARATIONS) + "```\n\n"


def _sample(table: Table) -> str:
    *_, block = generate(table, _SAMPLE + 1, _SEED)
    return re.sub(r'(":|,(?="))', r"\1 ", msgspec.json.encode(block[-1]).decode())


def _cleaned_tables() -> str:
    rows = (
        f"| `batch.{each.served}` | {', '.join(map(_described, each.columns))} |\n"
        for each in DECLARATIONS.values()
    )
    return "\n| table | columns, in order |\n|---|---|\n" + "".join(rows) + "\n"


def _kafka_rights() -> str:
    rows = (
        f"| `{principal}` | {kind} | `{name}` | {', '.join(f'`{each}`' for each in operations)} |\n"
        for principal, kind, name, operations in GRANTS
    )
    return "\n| principal | kind | of | may |\n|---|---|---|---|\n" + "".join(rows) + "\n"


def _described(column: Column) -> str:
    kind = "" if column.type == Type.TEXT else f" {column.type}"
    key = " (key)" if column.name == KEY else ""
    elements = f" ({', '.join(column.elements)})" if column.elements else ""
    return f"{column.name}{kind}{key}{elements}"


def files() -> Iterator[tuple[Path, str]]:
    """Each file, and what is to be in it."""
    for declared in DECLARATIONS.values():
        yield SQL / f"{declared.source}.sql", create_table(declared)
    yield from broker.files()
    yield CONTRACTS, contracts(CONTRACTS.read_text(encoding="utf-8"))
    yield TERRAFORM_API, terraform_template()


def write() -> None:
    """Write the files."""
    for path, text in files():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
