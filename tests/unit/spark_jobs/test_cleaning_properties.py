"""Test properties of every input. Each example is a batch of records: a Spark job costs more than its records."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as fn

from contracts.rows import columns
from contracts.tables import TABLES, Table
from spark_jobs.cleaning import REASONS, WARNINGS, classify, clean, rejected
from spark_jobs.cleaning.text import BLANKS, SENTINELS
from spark_jobs.readers import plain_json
from spark_jobs.schemas import fields, kinds
from tests.raw_records import KEYS, raw

BATCH = 300
# Of records that have all their fields; more in an example is more than Hypothesis makes.
FULL_BATCH = 60
BOUNDED = settings(
    max_examples=1,
    derandomize=True,
    # To shrink a batch that fails takes longer than a test has, and the time-out's error then hides the first one.
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)

SHORT = st.integers(0, 3)
# Pieces that the rules look for, so that their combinations come up.
PIECES = [
    *SENTINELS,
    *BLANKS,
    "Local save in",
    "/data",
    ",",
    ",,",
    "#",
    "a",
    "b",
    "\n",
    "\r",
    "\t",
    "\x00",
    "\x7f",
]
PIECES += [
    "\x85",
    "\u200d",
    "\u200e",
    "🎄",
    "1",
    "2",
    ".",
    "k",
    "M",
    "-",
    "e",
    "[",
    "]",
    "{",
    "}",
    '"',
    "\\",
    "'",
]
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=12))
SPREAD = TEXTS.map(",".join)
COUNTS = st.from_regex(r"\A[0-9]{0,20}(\.[0-9]{0,8})?[kKmMB]?\Z")
TIMES = st.one_of(
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.from_regex(
        r"\A[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]+)?(Z|[+-][01][0-9]:?00)?\Z"
    ),
)
NUMBERS = st.one_of(st.integers(-200, 200), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    NUMBERS.map(str),
    TEXTS,
    SPREAD,
    COUNTS,
    TIMES,
    st.lists(TEXTS, max_size=2),
    st.dictionaries(TEXTS, NUMBERS, max_size=2),
)
NAMES = [name for table in TABLES for name in columns(table)]
ANY_RECORDS = st.dictionaries(st.sampled_from([*NAMES, "unknown", "INDEX"]), VALUES, max_size=8)


def own_records(table: Table) -> st.SearchStrategy[dict[str, Any]]:
    """Records that are mostly accepted."""
    fields = dict.fromkeys(columns(table)[1:], VALUES)
    numbers = {"age": st.integers(-1, 151), "latitude": st.floats(-91, 91), "longitude": st.floats(-181, 181)}
    times = dict.fromkeys(("timestamp", "date_joined"), TIMES)
    likely = {name: strategy for name, strategy in (numbers | times).items() if name in fields}
    return st.fixed_dictionaries({KEYS[table]: st.integers(-(2**31), 2**31 - 1)}, optional=fields | likely)


def broken(document: str, at: int, piece: str) -> str:
    """A document with something put into it."""
    place = at % (len(document) + 1)
    return document[:place] + piece + document[place:]


def batches(table: Table) -> st.SearchStrategy[list[str | None]]:
    documents = st.one_of(own_records(table), ANY_RECORDS, VALUES).map(json.dumps)
    unescaped = own_records(table).map(lambda record: json.dumps(record, ensure_ascii=False))
    damaged = st.builds(broken, documents, st.integers(0), st.sampled_from(PIECES))
    cut = st.builds(lambda document, end: document[: end % (len(document) + 1)], documents, st.integers(0))
    values = st.one_of(documents, unescaped, damaged, cut, st.none(), st.text(max_size=20))
    return st.lists(
        values.map(lambda value: value and without_lone_surrogates(value)), min_size=BATCH, max_size=BATCH
    )


# Composite, for its short name: Hypothesis would write out what it consists of, for each field.
@st.composite
def any_texts(draw: st.DrawFn) -> str:
    return draw(st.one_of(TEXTS, SPREAD, COUNTS, TIMES))


def sourced(table: Table) -> st.SearchStrategy[dict[str, Any]]:
    """Records whose fields are of the source's kinds."""
    of_kind = {
        pa.int32(): st.integers(-(2**31), 2**31 - 1),
        pa.float64(): st.one_of(st.floats(-181, 181), NUMBERS),
        pa.string(): any_texts(),
    }
    key, *others = (field.name for field in kinds(table))
    values = {field.name: st.one_of(of_kind[field.type], st.none()) for field in kinds(table)}
    optional = {name: values[name] for name in others}
    return st.one_of(
        st.fixed_dictionaries({key: of_kind[pa.int32()]}, optional=optional),
        st.fixed_dictionaries({}, optional=values),
    )


def sourced_batches(table: Table) -> st.SearchStrategy[list[str]]:
    documents = st.builds(json.dumps, sourced(table), ensure_ascii=st.booleans())
    damaged = st.builds(broken, documents, st.integers(0), st.sampled_from(PIECES))
    values = st.one_of(documents, documents, documents, damaged).map(without_lone_surrogates)
    # No line has a newline, which the sink would have written as an escape.
    return st.lists(values.filter(lambda value: "\n" not in value), min_size=FULL_BATCH, max_size=FULL_BATCH)


def without_lone_surrogates(value: str) -> str:
    """Records are UTF-8, which has none; escaped ones (`\\ud800`) stay."""
    return value.encode(errors="replace").decode()


def instant(micros: int | None) -> str | None:
    return (
        None
        if micros is None
        else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).isoformat()
    )


def sent_again(table: Table, row: Row) -> dict[str, Any]:
    """The record that a cleaned row would come from."""
    fields = {name: value for name, value in row.asDict().items() if value is not None}
    again: dict[str, Any] = {KEYS[table]: fields.pop("ind")}
    if "coordinates" in fields:
        again["latitude"], again["longitude"] = fields.pop("coordinates")
    if "user_name" in fields:
        again["first_name"] = fields.pop("user_name")
    return again | fields


def cleaned(spark: SparkSession, table: Table, values: list[str | None]) -> list[Row]:
    """Cleaned rows with their times as ISO text, which does not depend on any session's or process's zone."""
    rows = clean(raw(spark, values), table)
    times = [name for name, kind in rows.dtypes if kind == "timestamp"]
    collected = rows.withColumns({name: fn.unix_micros(name) for name in times}).collect()
    return [Row(**(row.asDict() | {name: instant(row[name]) for name in times})) for row in collected]


@pytest.mark.parametrize("table", TABLES)
def test_properties(spark: SparkSession, table: Table) -> None:
    elsewhere = spark.newSession()
    elsewhere.conf.set("spark.sql.session.timeZone", "America/St_Johns")

    @BOUNDED
    @given(batches(table))
    def hold(values: list[str | None]) -> None:
        # Hypothesis's first example is the simplest there is: one record again and again.
        assume(len(set(values)) > BATCH // 2)
        records = raw(spark, values)
        checked = (
            classify(records, table)
            .select("value", "reasons", "warnings", fn.col("row").isNull().alias("refused"))
            .collect()
        )

        # No input raises, none is lost, each is either accepted or refused for known reasons.
        assert [row.value for row in checked] == values
        assert all(bool(row.reasons) == row.refused for row in checked)
        assert all(REASONS.keys() >= {*row.reasons} and WARNINGS.keys() >= {*row.warnings} for row in checked)
        refused = rejected(records, table).collect()
        assert [(row["value"], row["reasons"]) for row in refused] == [
            (row.value, row.reasons) for row in checked if row.reasons
        ]

        rows = cleaned(spark, table, values)
        assert len(rows) + len(refused) == len(values)
        assert cleaned(elsewhere, table, values) == rows, "the session's time zone must not matter"
        again = [json.dumps(sent_again(table, row)) for row in rows]
        assert cleaned(spark, table, [*again]) == rows, "cleaning a cleaned row must change nothing"

    hold()


@pytest.mark.parametrize("table", TABLES)
def test_fields_that_are_known_lead_to_the_verdict_on_the_text(spark: SparkSession, table: Table) -> None:
    @BOUNDED
    @given(sourced_batches(table))
    def hold(drawn: list[str]) -> None:
        assume(len(set(drawn)) > FULL_BATCH // 2)
        # One whose fields are known, and one whose are not, whatever Hypothesis has drawn.
        values = [*drawn, json.dumps({KEYS[table]: 1}), "{"]
        known = [
            plain_json.fields(f"{value}\n".encode(), pa.array([value]), kinds(table))[0].as_py()
            for value in values
        ]
        rows = [(at, *each) for at, each in enumerate(zip(values, known, strict=True))]
        records = spark.createDataFrame(rows, f"offset long, value string, plain {fields(table)}")

        assert {each is None for each in known} == {True, False}
        of_text = classify(records.drop("plain"), table)
        assert_df_equality(classify(records, table).drop("plain"), of_text, ignore_nullable=True)

    hold()
