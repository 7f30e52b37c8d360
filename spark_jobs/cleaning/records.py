"""Raw records -> cleaned rows, or the reasons why not: one parse of the JSON, plain Spark expressions.

Contract: section "Cleaned tables" of docs/contracts.md.
"""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from services.common.settings import TABLES, Table
from services.mysql.rows import columns
from spark_jobs.cleaning import text
from spark_jobs.cleaning.rules import RULES, Columns, Rules, at, step_name
from spark_jobs.schemas import CLEANED, KEY

# JSON as its standard has it: by default Spark takes single quotes and NaN as well.
_STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
# Where Spark puts the record's text if it is not JSON or a field is not of its type.
_BROKEN = "__broken"
# One object without another closing brace before its last: nothing can follow it. Most records are so.
_FLAT_OBJECT = r"\A[ \t\r\n]*+\{[^}]*+\}[ \t\r\n]*+\z"


def classify(df: DataFrame, table: Table) -> DataFrame:
    """Every record with the verdict on it, row for row.

    Args:
        df: raw records: `value string`, the JSON text or null, and any other columns.
        table: whose records they are meant to be.

    Returns:
        the columns of `df`, then
        `reasons array<string>`: codes of `reasons.REASONS`, empty if the record is accepted;
        `warnings array<string>`: codes of `reasons.WARNINGS`, empty if the record is refused;
        `row struct<...>`: the cleaned columns as in `schemas.CLEANED`, null if the record is refused.
    """
    rules = RULES[table]()
    accepted = F.size("reasons") == 0
    steps: tuple[Columns, ...] = (
        {step_name("parsed"): _parsed(table)},
        {step_name("shape"): _shape()}
        | {step_name(name): text.tidy(at("parsed")[name]) for name in rules.texts},
        {step_name(name): text.known(at(name)) for name in rules.texts},
        *({step_name(name): column for name, column in step.items()} for step in rules.steps),
        {"reasons": _codes(_reasons(table) | rules.reasons)},
        {
            "warnings": F.when(accepted, _codes(rules.warnings)).otherwise(_codes({})),
            "row": F.when(accepted, _row(rules, table)),
        },
    )
    judged = reduce(DataFrame.withColumns, steps, df)
    return judged.drop(*(name for step in steps for name in step if name.startswith("__")))


def rejected(df: DataFrame, table: Table) -> DataFrame:
    """The records that `clean_*` leaves out: the columns of `df` and `reasons array<string>`."""
    return classify(df, table).where(F.size("reasons") > 0).drop("warnings", "row")


def clean(df: DataFrame, table: Table) -> DataFrame:
    """The cleaned rows, columns as in `schemas.CLEANED`, row for row; refused records are left out."""
    return classify(df, table).where(F.size("reasons") == 0).select("row.*")


def _parsed(table: Table) -> Column:
    """The record as a struct: its key as int, every column of the three tables as its text."""
    key = columns(table)[0]
    texts = [name for each in (table, *_others(table)) for name in columns(each)[1:]]
    schema = ", ".join([f"{key} int", *(f"{name} string" for name in texts), f"{_BROKEN} string"])
    return F.from_json("value", schema, _STRICT | {"columnNameOfCorruptRecord": _BROKEN})


def _shape() -> Column:
    """`object`, or the reason why the value is none."""
    value, parsed = F.col("value"), at("parsed")
    simple = parsed[_BROKEN].isNull() & value.rlike(_FLAT_OBJECT)
    # Spark's parser does not look at what follows a value. Nothing in the value can know its own digest, so
    # if the digest is the next element of this array, the value is exactly one JSON value.
    digest = F.md5("value")
    wrapped = F.concat(F.lit("["), value, F.lit(',"'), digest, F.lit('"]'))
    elements = F.from_json(wrapped, "array<string>", _STRICT)
    is_json = F.coalesce(F.get(elements, F.lit(1)) == digest, F.lit(False))
    return (
        F.when(value.isNull(), "tombstone")
        .when(simple, "object")
        .when(~is_json, "not_json")
        .when(F.get(elements, F.lit(0)).isNull(), "tombstone")
        .when(F.ltrim(value, F.lit(" \t\r\n")).startswith("{"), "object")
        .otherwise("not_an_object")
    )


def _reasons(table: Table) -> Columns:
    """The conditions under which a record of any table is refused."""
    parsed, shape = at("parsed"), at("shape")
    is_object = shape == "object"
    # Of an object, only the key has a type that can be wrong.
    bad_key = parsed[_BROKEN].isNotNull()
    own = F.coalesce(*(parsed[name] for name in columns(table)[1:]))
    others = F.coalesce(*(parsed[name] for other in _others(table) for name in columns(other)[1:]))
    return {code: shape == code for code in ("tombstone", "not_json", "not_an_object")} | {
        "other_table": own.isNull() & others.isNotNull(),
        "no_ind": is_object & ~bad_key & parsed[columns(table)[0]].isNull(),
        "bad_ind": is_object & bad_key,
    }


def _row(rules: Rules, table: Table) -> Column:
    fields = {KEY: at("parsed")[columns(table)[0]]} | rules.row
    return F.struct(*(fields[name].alias(name) for name in CLEANED[table].names))


def _codes(conditions: Columns) -> Column:
    """The names of the conditions that hold, in their order."""
    if not conditions:
        return F.array().cast("array<string>")
    return F.array_remove(
        F.array(*(F.when(held, code).otherwise("") for code, held in conditions.items())), ""
    )


def _others(table: Table) -> tuple[Table, ...]:
    return tuple(other for other in TABLES if other != table)
