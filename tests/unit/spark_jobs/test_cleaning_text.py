"""The rules for text: trimming, control characters, sentinels, tag lists, paths, names."""

import unicodedata
from itertools import product

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession

from contracts.rows import columns
from contracts.tables import Table
from spark_jobs.cleaning import classify
from spark_jobs.cleaning.text import BLANKS, SENTINELS
from tests.raw_records import KEYS, cleaned_column, expected_column, raw

CONTROLS = [chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"]
BREAKS = "\t\n\r"

TEXTS = [
    ("plain", "plain"),
    ("  both ends  ", "both ends"),
    ("inner  blanks   stay", "inner  blanks   stay"),
    ("cut at 176 characters …\u00a0", "cut at 176 characters …"),
    ("\u00a0 \u3000 wide \u2009\u202f", "wide"),
    ("inner\u00a0no-break blank", "inner\u00a0no-break blank"),
    ("two\nlines", "two lines"),
    ("two\r\nlines", "two lines"),
    ("two\rlines", "two lines"),
    ("a\ttab", "a tab"),
    ("a run\n\t\n of them", "a run  of them"),
    ("\n\tends\r\n", "ends"),
    ("nul\x00 and \x7fdel", "nul and del"),
    ("\x00 blank behind a control", "blank behind a control"),
    ("a\n\x00\nb", "a b"),
    ("\u0085c1\u009f", "c1"),
    ("👩\u200d👩\u200d👧 joined", "👩\u200d👩\u200d👧 joined"),
    ("\u200fright to left\u200e", "\u200fright to left\u200e"),
    ("日本語 Кириллица ñ", "日本語 Кириллица ñ"),
    ("back\\slash \"quotes\" 'apostrophes', commas", "back\\slash \"quotes\" 'apostrophes', commas"),
    ("{braces} [brackets] }]", "{braces} [brackets] }]"),
    (437, "437"),
    (123456789012345678901234567890, "123456789012345678901234567890"),
    (1.5, "1.5"),
    (True, "true"),
    ({"a": [1, "b"]}, '{"a":[1,"b"]}'),
    ([], "[]"),
    (None, None),
    ("", None),
    (" \n\u00a0\u2003\x00 ", None),
    ("no title data available", "no title data available"),
    ("No Title Data Available indeed", "No Title Data Available indeed"),
    *((f"a{control}b", "a b" if control in BREAKS else "ab") for control in CONTROLS),
    *((f"{blank}a{blank}b{blank}", f"a{blank}b") for blank in BLANKS),
]

TAGS = [
    ("one,two words,three", "one,two words,three"),
    ("#one,#two", "one,two"),
    ("# one , two#", "one , two"),
    ("c,a,t", "cat"),
    ("N,o, ,T,a,g,s", "No Tags"),
    ("t,a,g, ,1,,,t,a,g, ,2", "tag 1,tag 2"),
    ("c,#,a,t", "cat"),
    ("#,c,a,t", "cat"),
    ("ü,🎄,日", "ü🎄日"),
    ("#c,a,t", "cat"),
    ("a,,,b", "ab"),
    ("a,b,", "a,b,"),
    ("ab,c,d", "ab,c,d"),
    ("N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e", None),
    ("#No Tags Available", None),
    ("##", None),
    ("x", "x"),
]

PATHS = [
    ("Local save in /data/mens-fashion", "/data/mens-fashion"),
    (" Local save in   /data/art ", "/data/art"),
    ("Local save in\t/data/art", "/data/art"),
    ("Local save in data", "data"),
    ("Local save in Local save in /data/art", "/data/art"),
    ("/data/art", "/data/art"),
    ("Local save in", None),
    ("Local save in Image src error.", None),
    ("Local save inside", "Local save inside"),
    ("saved: Local save in /data", "saved: Local save in /data"),
]

NAMES = [
    (("Ada", "Lovelace"), "Ada Lovelace"),
    ((" Ada\n", "\u00a0Lovelace"), "Ada Lovelace"),
    (("Ada", None), "Ada"),
    (("", "Lovelace"), "Lovelace"),
    (("User Info Error", "Lovelace"), "Lovelace"),
    (("Ada King", "of Lovelace"), "Ada King of Lovelace"),
    ((None, None), None),
    ((" ", "User Info Error"), None),
    (("User Info", "Error"), None),
]


@pytest.mark.parametrize(
    ("column", "examples"), [("title", TEXTS), ("tag_list", TAGS), ("save_location", PATHS)]
)
def test_text_of_a_pin(spark: SparkSession, column: str, examples: list[tuple[object, str | None]]) -> None:
    cleaned = cleaned_column(spark, "pin", [{column: given} for given, _ in examples], column)
    expected = expected_column(spark, "string", [result for _, result in examples])
    assert_df_equality(cleaned, expected, ignore_nullable=True)


def test_country_is_text_like_any_other(spark: SparkSession) -> None:
    cleaned = cleaned_column(spark, "geo", [{"country": given} for given, _ in TEXTS], "country")
    expected = expected_column(spark, "string", [result for _, result in TEXTS])
    assert_df_equality(cleaned, expected, ignore_nullable=True)


def test_user_name(spark: SparkSession) -> None:
    fields = [{"first_name": first, "last_name": last} for (first, last), _ in NAMES]
    cleaned = cleaned_column(spark, "user", fields, "user_name")
    expected = expected_column(spark, "string", [result for _, result in NAMES])
    assert_df_equality(cleaned, expected, ignore_nullable=True)


# A value of every source column that cleaning accepts, and the cleaned column it ends in.
FULL: dict[Table, dict[str, object]] = {
    "pin": {**dict.fromkeys(columns("pin")[1:], "kept"), "follower_count": "7k"},
    "geo": {"timestamp": "2020-08-28T03:52:47", "latitude": 1.5, "longitude": 2.5, "country": "kept"},
    "user": {"first_name": "kept", "last_name": "too", "age": 30, "date_joined": "2016-01-01T00:00:00"},
}
ENDS_IN = {
    "latitude": "coordinates",
    "longitude": "coordinates",
    "first_name": "user_name",
    "last_name": "user_name",
}


@pytest.mark.parametrize("table", FULL)
def test_each_sentinel_and_blank_in_each_column_alone(spark: SparkSession, table: Table) -> None:
    nothing = [*SENTINELS, *(f"\n {sentinel}\u00a0" for sentinel in SENTINELS), "", " ", "\u00a0\n\t"]
    cases = [(column, text) for column, text in product(FULL[table], nothing) if column != "downloaded"]
    values = [FULL[table] | {KEYS[table]: 1}] + [
        FULL[table] | {KEYS[table]: 1, column: text} for column, text in cases
    ]
    full, *others = classify(raw(spark, values), table).orderBy("offset").select("row", "warnings").collect()
    assert None not in full["row"]
    names = {"first_name": "too", "last_name": "kept"}
    for (column, text), checked in zip(cases, others, strict=True):
        changed = {ENDS_IN.get(column, column): names.get(column)}
        assert checked["row"].asDict() == full["row"].asDict() | changed, (column, text)
        assert checked["warnings"] == [], (column, text)
