"""Test what becomes of whole records: accepted, or refused with reasons; what the functions return."""

import json
from dataclasses import replace

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn
from pyspark.sql.types import StructType

from contracts.rows import columns
from contracts.tables import TABLES, Table
from spark_jobs.cleaning import REASONS, WARNINGS, classify, clean_geo, clean_pin, clean_user, rejected, rules
from spark_jobs.schemas import CLEANED
from tests.raw_records import KEYS, RAW, raw

CLEANERS = {"pin": clean_pin, "geo": clean_geo, "user": clean_user}
DEEP = "[" * 1_100 + "]" * 1_100

NOT_JSON = [
    "",
    " ",
    "{",
    "}",
    "{}{}",
    '{"KEY":1} x',
    '{"KEY":1}{"KEY":2}',
    '{"KEY":1},{"KEY":2}',
    '{"KEY":1}]',
    '{"KEY":1}],"all":[{"KEY":2}',
    '{"KEY":1}],"other":[{"KEY":2}',
    '{"KEY":1}]}',
    '{"KEY":1}]} x',
    '{"KEY":1}] x',
    '{"KEY":1},"x"] x',
    '{"KEY":1},"x"]}',
    '{"KEY":1},"x"]} x',
    '{"KEY":1}}',
    '{"KEY":1,}',
    '{"KEY":1',
    '{"KEY":01}',
    '{"KEY":+1}',
    '{"KEY":1.}',
    '{"KEY":NaN}',
    '{"KEY":1,"country":Infinity}',
    "{'KEY':1}",
    "{KEY:1}",
    '{"KEY":1 /* one */}',
    '{"KEY":1,"country":"a\nb"}',
    '{"KEY":1,"country":"a\x00b"}',
    '{"KEY":1,"country":"\\q"}',
    '{"KEY":1,"country":"\\u12"}',
    '{"KEY":1,"country":"\\u12","title":"a"}',
    '{"country":["\\u12"],"title":"\\u12","KEY":1}',
    '"\\u12"',
    "undefined",
    "nul",
    "\ufeff{}",
    "the raw text of a record \\n that was not JSON",
    # Beyond the parser's bounds.
    f'{{"KEY":1,"country":{DEEP}}}',
    f'{{"KEY":1,"unknown":{DEEP}}}',
    f'{{"KEY":1,"unknown":{"1" * 1_001}}}',
]
NOT_AN_OBJECT = ["[]", '[{"KEY":1}]', '[{"KEY":1}]  ', "1", "-1.5e3", '"{}"', '"{\\"KEY\\":1}"', "true", '""']
TOMBSTONES = [None, "null", " null ", "\tnull\r\n"]
NO_KEY = ["{}", " { } ", '{"KEY":null}', '{"key":1}', '{"Ind":1,"INDEX":1}', '{"country":"a","title":"a}"}']
BAD_KEYS = [
    '"7528"',
    "7528.0",
    "7.528e3",
    "2147483648",
    "-2147483649",
    "1" * 900,
    '""',
    "true",
    "[1]",
    '{"a":1}',
]
KEYS_THAT_FIT = ["0", "-0", "7528", "-1", "2147483647", "-2147483648", " 5 "]
ACCEPTED = [
    '{"KEY":1}',
    ' \t\r\n{"KEY":1} \n',
    '{"KEY":1,"unknown":{"a":[1,{"b":null}]}}',
    '{"KEY":1,"unknown":"} ] x"}',
    '{"KEY":1,"unknown":[]}',
    '{"KEY":2,"KEY":1}',
    '{"KEY":1,"unknown":"\\ud83d\\ude00 \\ud800"}',
]


def reasons_of(spark: SparkSession, table: Table, values: list[str | None]) -> list[list[str]]:
    sent = [value and value.replace("KEY", KEYS[table]) for value in values]
    checked = classify(raw(spark, sent), table).orderBy("offset").collect()
    assert [row.row is None for row in checked] == [bool(row.reasons) for row in checked]
    assert [row.value for row in checked] == sent
    return [row.reasons for row in checked]


@pytest.mark.parametrize("table", TABLES)
def test_what_a_record_is_refused_for(spark: SparkSession, table: Table) -> None:
    cases: dict[str, list[str | None]] = {
        "not_json": [*NOT_JSON],
        "not_an_object": [*NOT_AN_OBJECT],
        "tombstone": TOMBSTONES,
        "bad_ind": [f'{{"KEY":{key}}}' for key in BAD_KEYS],
        "accepted": [*ACCEPTED, *(f'{{"KEY":{key}}}' for key in KEYS_THAT_FIT)],
    }
    flat = [(value, code) for code, values in cases.items() for value in values]
    found = reasons_of(spark, table, [value for value, _ in flat])
    given = [(value, [] if code == "accepted" else [code]) for value, code in flat]
    assert [(value, reasons) for (value, _), reasons in zip(flat, found, strict=True)] == given


@pytest.mark.parametrize("table", TABLES)
def test_a_record_without_its_key(spark: SparkSession, table: Table) -> None:
    found = reasons_of(spark, table, [*NO_KEY])
    assert all("no_ind" in reasons for reasons in found), found
    assert found[0] == ["no_ind"]


def test_records_of_another_table(spark: SparkSession) -> None:
    records: list[str | None] = [
        json.dumps({"ind": 1, "index": 1} | dict.fromkeys(columns(table)[1:], 20)) for table in TABLES
    ]
    for place, table in enumerate(TABLES):
        found = reasons_of(spark, table, records)
        own = found.pop(place)
        assert found == [["other_table"]] * 2
        assert "other_table" not in own


def test_values_decide_whose_a_record_is(spark: SparkSession) -> None:
    cases = {
        '{"ind":1,"country":null,"title":"a"}': ["other_table"],
        '{"ind":1,"country":"","title":"a"}': [],
        '{"ind":1,"title":null}': [],
        '{"ind":1,"colour":"red"}': [],
        '{"index":1,"title":"a"}': ["other_table", "no_ind"],
    }
    assert dict(zip(cases, reasons_of(spark, "geo", [*cases]), strict=True)) == cases


def test_several_reasons_are_all_told(spark: SparkSession) -> None:
    value = '{"ind":"1","latitude":91,"longitude":"far","timestamp":"then"}'
    expected = ["bad_ind", "latitude_out_of_range", "longitude_unreadable", "timestamp_unreadable"]
    assert reasons_of(spark, "geo", [value]) == [expected]


@pytest.mark.parametrize("table", TABLES)
def test_cleaned_rows_have_the_contract_s_columns(spark: SparkSession, table: Table) -> None:
    records = raw(spark, [{KEYS[table]: 1}])
    cleaned = CLEANERS[table](records)
    expected = spark.createDataFrame([(1, *(None for _ in CLEANED[table].names[1:]))], CLEANED[table])
    assert_df_equality(cleaned, expected)
    assert classify(records, table).schema["row"].dataType == CLEANED[table]


@pytest.mark.parametrize("table", TABLES)
def test_other_columns_pass_through_whatever_their_names(spark: SparkSession, table: Table) -> None:
    given = "`a.dotted name` string, value string, reason int, `timestamp` timestamp, title string"
    records = spark.createDataFrame([("stream", '{"x":1}', 3, None, "t"), ("s", "{", 4, None, "u")], given)
    refused = rejected(records, table)
    assert refused.schema.names == [*records.columns, "reasons"]
    assert_df_equality(refused.drop("reasons"), records)


def test_rows_are_kept_one_by_one_duplicates_too(spark: SparkSession) -> None:
    records = raw(spark, [{"index": 1, "title": "a"}, "{", {"index": 1, "title": "a"}, {"index": "1"}])
    assert [row.ind for row in clean_pin(records).collect()] == [1, 1]
    assert [(row.offset, row.reasons) for row in rejected(records, "pin").collect()] == [
        (1, ["not_json"]),
        (3, ["bad_ind"]),
    ]


def test_no_record_at_all(spark: SparkSession) -> None:
    assert clean_pin(spark.createDataFrame([], RAW)).collect() == []


def test_wanted_columns_alone_with_the_same_verdict(spark: SparkSession) -> None:
    records = raw(
        spark, [{"index": 1, "title": "a", "follower_count": "1k"}, {"index": 2, "follower_count": "?"}, "{"]
    )
    wanted = ("follower_count", "title")
    every = classify(records, "pin")
    kept = fn.when(fn.col("row").isNotNull(), fn.struct(*(f"row.{name}" for name in wanted)))
    assert_df_equality(classify(records, "pin", wanted), every.withColumn("row", kept), ignore_nullable=True)
    plan = classify(records, "pin", wanted)._jdf.queryExecution().optimizedPlan().toString()
    assert "__tag_list" not in plan


def test_filters_of_the_caller_do_not_parse_again(spark: SparkSession) -> None:
    """Spark would move them below the parse, and write the parse out at each use in them."""
    plan = clean_pin(raw(spark, [])).where("title = 'a'")._jdf.queryExecution().optimizedPlan().toString()
    assert plan.count("from_json(StructField(all,ArrayType(StructType") == 1


def test_verdict_and_reasons_are_of_the_same_rules(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns are kept from one call to the next; those of other rules are others."""
    verdicts = classify(raw(spark, [{"ind": 1, "age": 120}]), "user").select("reasons", "row.age")
    strict = replace(rules.user(), reasons={"age_out_of_range": rules.at("years") > 100})
    monkeypatch.setitem(rules.RULES, "user", lambda: strict)
    strict_verdicts = classify(raw(spark, [{"ind": 1, "age": 120}]), "user").select("reasons", "row.age")
    assert verdicts.collect() == [([], 120)]
    assert strict_verdicts.collect() == [(["age_out_of_range"], None)]


def test_a_shape_of_its_own_for_each_code() -> None:
    assert all(text.endswith(".") for text in (REASONS | WARNINGS).values())
    assert not REASONS.keys() & WARNINGS.keys()
    assert all(isinstance(schema, StructType) and schema.names[0] == "ind" for schema in CLEANED.values())
