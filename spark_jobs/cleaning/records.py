"""Raw records -> cleaned rows, or the reasons why not: one parse of the JSON, plain Spark expressions.

Contract: section "Cleaned tables" of docs/contracts.md.

Speed: Spark compiles a projection to Java, and the JVM leaves a method of over 8,000 bytes interpreted, ten
times slower. A projection that holds `from_json` or a lambda (`text.let`, `array_compact`) is split into
short methods, one that holds neither is not: so the large ones here hold one, and each is a step of its
own (`DataFrame.withColumns`), for what is used twice must be a column to be computed once.
"""

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from services.common.settings import TABLES, Table
from services.mysql.rows import columns
from spark_jobs.cleaning import text
from spark_jobs.cleaning.rules import RULES, Columns, Rules, at, internal
from spark_jobs.schemas import CLEANED, KEY

# JSON as its standard has it: by default Spark takes single quotes and NaN as well.
_STRICT = {"allowSingleQuotes": "false", "allowNonNumericNumbers": "false"}
_OBJECT = "object"


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
    judged = _judged(df, rules, table)
    verdict = {
        "reasons": fn.when(at("accepted"), _codes({})).otherwise(_codes(_reasons(rules))),
        "warnings": fn.when(at("accepted"), _codes(rules.warnings)).otherwise(_codes({})),
        "row": fn.when(at("accepted"), fn.struct(*_row(rules, table))),
    }
    given = (judged[f"`{name}`"] for name in df.columns)
    return judged.select(*given, *(column.alias(name) for name, column in verdict.items()))


def rejected(df: DataFrame, table: Table) -> DataFrame:
    """The records that `clean_*` leaves out: the columns of `df` and `reasons array<string>`."""
    return classify(df, table).where(fn.size("reasons") > 0).drop("warnings", "row")


def clean(df: DataFrame, table: Table) -> DataFrame:
    """The cleaned rows, columns as in `schemas.CLEANED`, row for row; refused records are left out."""
    rules = RULES[table]()
    return _judged(df, rules, table).where(at("accepted")).select(*_row(rules, table))


def _judged(df: DataFrame, rules: Rules, table: Table) -> DataFrame:
    """The columns of `df` and, under internal names, the values of the rules and whether it is accepted."""
    no_reason = reduce(Column.__or__, (fn.coalesce(held, fn.lit(False)) for held in _reasons(rules).values()))
    steps: tuple[Columns, ...] = (
        {"elements": _elements(table), "controls": text.may_hold_controls(fn.col("value"))},
        _facts(table) | {name: text.tidy(_field(name), at("controls")) for name in rules.texts},
        rules.values,
        {"accepted": ~no_reason},
    )
    named = ({internal(name): column for name, column in step.items()} for step in steps)
    return reduce(DataFrame.withColumns, named, df)


def _elements(table: Table) -> Column:
    """The elements of `[value]`: with what follows an object in the value, it is no array of one element.

    An element is a struct of the key as int, null where that is not its type, and of every other column of
    the three tables as its text.
    """
    names = [name for each in (table, *_others(table)) for name in columns(each)[1:]]
    fields = [f"{columns(table)[0]}: int", *(f"{name}: string" for name in names)]
    wrapped = fn.concat(fn.lit("["), "value", fn.lit("]"))
    return fn.from_json(wrapped, f"array<struct<{', '.join(fields)}>>", _STRICT)


def _field(name: str) -> Column:
    return fn.get(at("elements"), fn.lit(0))[name]


def _facts(table: Table) -> Columns:
    """What is to be known of a record of any table."""
    key, *own = columns(table)
    others = [name for other in _others(table) for name in columns(other)[1:]]
    # Nothing closes the array early, so that its one element is all that there is.
    is_plain = (fn.size(at("elements")) == 1) & _field(key).isNotNull() & ~fn.col("value").contains("]")
    key_as_text = fn.from_json("value", f"{key} string", _STRICT)[key]
    return {
        "shape": fn.when(is_plain, _OBJECT).otherwise(_shape(fn.col("value"))),
        KEY: _field(key),
        "has_key": _field(key).isNotNull() | key_as_text.isNotNull(),
        "is_foreign": fn.coalesce(*map(_field, own)).isNull() & fn.coalesce(*map(_field, others)).isNotNull(),
    }


def _shape(value: Column) -> Column:
    """`object`, or the code of the reason why the value is none; exact, and slower than a look at the parse.

    Spark's parser does not look at what follows a value. Nothing in a value can know its own digest, so if
    the digest is the next element of this array, the value is exactly one JSON value.
    """
    digest = fn.md5(value)
    wrapped = fn.concat(fn.lit("["), value, fn.lit(',"'), digest, fn.lit('"]'))
    elements = fn.from_json(wrapped, "array<string>", _STRICT)
    is_json = fn.coalesce(fn.get(elements, fn.lit(1)) == digest, fn.lit(False))
    return (
        fn.when(value.isNull(), "tombstone")
        .when(~is_json, "not_json")
        .when(fn.get(elements, fn.lit(0)).isNull(), "tombstone")
        .when(fn.ltrim(value, fn.lit(" \t\r\n")).startswith("{"), _OBJECT)
        .otherwise("not_an_object")
    )


def _reasons(rules: Rules) -> Columns:
    """The conditions under which a record is refused."""
    is_object = at("shape") == _OBJECT
    shapes = {code: at("shape") == code for code in ("tombstone", "not_json", "not_an_object")}
    common = {
        "other_table": at("is_foreign"),
        "no_ind": is_object & ~at("has_key"),
        "bad_ind": is_object & at("has_key") & at(KEY).isNull(),
    }
    return shapes | common | rules.reasons


def _row(rules: Rules, table: Table) -> list[Column]:
    fields = {KEY: at(KEY)} | rules.row
    return [fields[name].alias(name) for name in CLEANED[table].names]


def _codes(conditions: Columns) -> Column:
    """The names of the conditions that hold, in their order."""
    held = (fn.when(condition, code) for code, condition in conditions.items())
    return fn.array_compact(fn.array(*held).cast("array<string>"))


def _others(table: Table) -> tuple[Table, ...]:
    return tuple(other for other in TABLES if other != table)
