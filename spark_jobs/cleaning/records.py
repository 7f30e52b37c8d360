"""Clean raw records: return their rows or the reasons why not, by plain Spark expressions and one parse of the JSON.

Contract: section "Cleaned tables" of docs/contracts.md.

Speed (docs/adr/0002-one-parse-barrier-and-digest.md): Spark compiles a projection to Java, and the JVM leaves a
method of over 8,000 bytes interpreted, ten times slower, unless it is told otherwise, as the jobs' is
(`spark_jobs.session.spark`) and a user's may not be. A projection that holds `from_json` or a lambda (`text.let`,
`array_compact`) is split into short methods, one that holds neither is not: so the large ones here hold one, and each
is a step of its own (`DataFrame.withColumns`), for what is used twice must be a column to be computed once.
"""

from collections.abc import Sequence
from functools import cache, reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from contracts.tables import DECLARATIONS, KEY, TABLES, Table
from spark_jobs.cleaning import text
from spark_jobs.cleaning.rules import RULES, Columns, Rules, at, internal
from spark_jobs.schemas import CLEANED, fields, foreign_names

# JSON as its standard has it: by default Spark takes single quotes and NaN as well.
_OPTIONS = {
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
    "columnNameOfCorruptRecord": "broken",
}
_OBJECT = "object"
PLAIN = "plain"


def classify(df: DataFrame, table: Table, names: Sequence[str] = (), rules: Rules | None = None) -> DataFrame:
    """Return every record with its reasons, warnings and cleaned row.

    Args:
        df: raw records: `value string`, the JSON text or null, and any other columns. One named `plain` holds the
            fields (`schemas.fields`) of records that have been parsed already, to be objects of this table, else null.
        table: whose records they are meant to be.
        names: the cleaned columns that are wanted, all if empty; the verdict is the same, and the others cost nothing.
        rules: by which they are cleaned, those of the table if None.

    Returns:
        the columns of `df`, then
        `reasons array<string>`: codes of `reasons.REASONS`, empty if the record is accepted;
        `warnings array<string>`: codes of `reasons.WARNINGS`, empty if the record is refused;
        `row struct<...>`: the wanted columns as in `schemas.CLEANED`, null if the record is refused.
    """
    rules = rules or RULES[table]()
    checked = _checked(df, table, rules)
    verdict = {
        "reasons": fn.when(at("accepted"), _codes({})).otherwise(_codes(_reasons(rules))),
        "warnings": fn.when(at("accepted"), _codes(rules.warnings)).otherwise(_codes({})),
        "row": fn.when(at("accepted"), fn.struct(*_row(rules, names or CLEANED[table].names))),
    }
    given = (checked[f"`{name}`"] for name in df.columns)
    return checked.select(*given, *(column.alias(name) for name, column in verdict.items()))


def rejected(df: DataFrame, table: Table) -> DataFrame:
    """The records that `clean_*` leaves out: the columns of `df` and `reasons array<string>`."""
    return classify(df, table).where(fn.size("reasons") > 0).drop("warnings", "row")


def clean(df: DataFrame, table: Table) -> DataFrame:
    """The cleaned rows, columns as in `schemas.CLEANED`, row for row; refused records are left out."""
    rules = RULES[table]()
    return _checked(df, table, rules).where(at("accepted")).select(*_row(rules, CLEANED[table].names))


def keys(df: DataFrame, table: Table) -> DataFrame:
    """The columns of `df` and `ind int`, each record's key: null where it is no object, or has none that fits."""
    checked = _checked(df, table, RULES[table]())
    given = (checked[f"`{name}`"] for name in df.columns)
    return checked.select(*given, fn.when(at("shape") == _OBJECT, at(KEY)).alias(KEY))


def _checked(df: DataFrame, table: Table, rules: Rules) -> DataFrame:
    """The columns of `df` and, under internal names, the values of the rules and whether it is accepted."""
    return reduce(DataFrame.withColumns, _steps(table, rules, has_plain=PLAIN in df.columns), df)


# Once a process and set of rules: to make columns takes thousands of calls to the JVM, a third of a second.
@cache
def _steps(table: Table, rules: Rules, *, has_plain: bool) -> tuple[Columns, ...]:
    no_reason = reduce(Column.__or__, (fn.coalesce(held, fn.lit(False)) for held in _reasons(rules).values()))
    steps: tuple[Columns, ...] = (
        {
            "plain": fn.col(PLAIN) if has_plain else fn.lit(None).cast(fields(table)),
            "controls": text.may_hold_controls(fn.col("value")),
        },
        {"parsed": fn.when(at("plain").isNull(), _parsed(table))},
        _facts(table) | {name: text.tidy(_field(name), at("controls")) for name in rules.texts},
        rules.values,
        {"accepted": ~no_reason & _barrier()},
    )
    return tuple({internal(name): column for name, column in step.items()} for step in steps)


def _barrier() -> Column:
    """Return true, in a form below which Spark moves no filter of the caller's: it would parse the record again.

    Not deterministic, as Spark sees it, and allowed in a streaming query.
    """
    return fn.spark_partition_id() >= 0


def _parsed(table: Table) -> Column:
    """`{"all": [value]}` as struct<all: array<fields of all three tables>, broken>."""
    return _read(fields(table, *_others(table)), fn.col("value"))


def _read(kind: str, *json: Column) -> Column:
    """JSON texts, joined by commas, as struct<all: array<kind>, broken: string>.

    `broken` is not null if they are not JSON, or if an element or its field is not of its type. Only the
    struct at the top can tell that: what is within it is read as far as it goes.
    """
    separated = [part for each in json for part in (fn.lit(","), each)][1:]
    wrapped = fn.concat(fn.lit('{"all":['), *separated, fn.lit("]}"))
    return fn.from_json(wrapped, f"all array<{kind}>, broken string", _OPTIONS)


def _field(name: str) -> Column:
    return fn.coalesce(at("plain")[name], _parsed_field(name))


def _parsed_field(name: str) -> Column:
    return fn.get(at("parsed")["all"], fn.lit(0))[name]


def _facts(table: Table) -> Columns:
    """Return the checks common to all tables."""
    key, *own = DECLARATIONS[table].source_names
    others = foreign_names(table, _others(table))
    own_value, other_value = fn.coalesce(*map(_field, own)), fn.coalesce(*map(_parsed_field, others))
    return {
        "shape": fn.when(at("plain").isNotNull(), _OBJECT).otherwise(_shape(fn.col("value"), at("parsed"))),
        KEY: _field(key),
        "has_key": _field(key).isNotNull() | at("parsed")["broken"].isNotNull(),
        "is_foreign": own_value.isNull() & other_value.isNotNull(),
    }


def _shape(value: Column, parsed: Column) -> Column:
    """`object`, or the code of the reason why the value is none.

    Spark's parser does not look at what follows a value, hence the array around it: without a `]` the value
    cannot close it early. With one, it is read again between two copies of its own digest, which nothing in
    it can know: if these are its neighbours, it is exactly one JSON value.
    """
    only = fn.get(parsed["all"], fn.lit(0))
    is_single = parsed["broken"].isNull() & (fn.size(parsed["all"]) == 1) & only.isNotNull()
    digest = fn.md5(value)
    quoted = fn.concat(fn.lit('"'), digest, fn.lit('"'))
    again = _read("string", quoted, value, quoted)
    before, text_of_it, after = (fn.get(again["all"], fn.lit(place)) for place in range(3))
    is_json = again["broken"].isNull() & (fn.size(again["all"]) == 3) & (before == digest) & (after == digest)
    return (
        fn.when(value.isNull(), "tombstone")
        .when(is_single & ~text.has_byte(value, b"]"), _OBJECT)
        .when(~fn.coalesce(is_json, fn.lit(False)), "not_json")
        .when(text_of_it.isNull(), "tombstone")
        .when(fn.ltrim(value, fn.lit(" \t\r\n")).startswith("{"), _OBJECT)
        .otherwise("not_an_object")
    )


def _reasons(rules: Rules) -> Columns:
    """The conditions under which a record is refused."""
    shapes = {code: at("shape") == code for code in ("tombstone", "not_json", "not_an_object")}
    of_objects = {
        "other_table": at("is_foreign"),
        "no_ind": ~at("has_key"),
        "bad_ind": at("has_key") & at(KEY).isNull(),
    } | rules.reasons
    is_object = at("shape") == _OBJECT
    return shapes | {code: is_object & held for code, held in of_objects.items()}


def _row(rules: Rules, names: Sequence[str]) -> list[Column]:
    fields = {KEY: at(KEY)} | rules.row
    return [fields[name].alias(name) for name in names]


def _codes(conditions: Columns) -> Column:
    """The names of the conditions that hold, in their order."""
    held = (fn.when(condition, code) for code, condition in conditions.items())
    return fn.array_compact(fn.array(*held).cast("array<string>"))


def _others(table: Table) -> tuple[Table, ...]:
    return tuple(other for other in TABLES if other != table)
