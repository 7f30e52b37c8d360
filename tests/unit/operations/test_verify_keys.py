"""The key that verify takes a record to have is the one that the cleaner gives its row."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from contracts.tables import TABLES, Table
from operations.verify import keys
from spark_jobs.cleaning import classify
from tests.raw_records import KEYS, raw
from tests.unit.spark_jobs.test_cleaning_properties import BATCH, BOUNDED, batches

# Where a record is no object, or has no key that fits, no row has its key.
KEYLESS = {"tombstone", "not_json", "not_an_object", "no_ind", "bad_ind"}

CASES: list[tuple[Table, str, int | None]] = [
    # Another table's key, of any kind, is none.
    ("pin", '{"index": 7, "ind": 99, "title": "a"}', 7),
    ("pin", '{"index": 7, "ind": "a"}', 7),
    ("pin", '{"ind": 7, "title": "a"}', None),
    ("geo", '{"ind": 7, "index": "a", "country": "Peru"}', 7),
    ("user", '{"ind": 7, "index": 1.5, "age": 30}', 7),
    ("geo", '{"index": 7, "country": "Peru"}', None),
    ("pin", '{"Index": 7, "title": "a"}', None),
    # Texts that are JSON to Spark's parser, and not to others.
    ("pin", r'{"index": 7, "title": "\ud83c"}', 7),
    ("pin", r'{"index": 7, "title": "\udf84 \u0000"}', 7),
    ("pin", '{"index": 7, "title": ' + "[" * 500 + "]" * 500 + "}", 7),
    ("pin", '{"index": 7, "title": ' + "[" * 1001 + "]" * 1001 + "}", None),
    ("pin", '{"index": 7, "title": 1' + "0" * 999 + "}", 7),
    ("pin", '{"index": 7, "title": 1' + "0" * 1000 + "}", None),
    ("pin", '{"index": 7, "title": NaN}', None),
    ("pin", '\ufeff{"index": 7}', None),
    ("pin", ' \t\r{"index" : 7 } ', 7),
    ("pin", '{"index": 7} x', None),
    ("pin", r'{"\u0069ndex": 7}', 7),
    # Of a key that is there twice the last counts, but one that cannot be read.
    ("pin", '{"index": 7, "index": 8}', 8),
    ("pin", '{"index": 7, "index": "8"}', 7),
    # Numbers that are no keys.
    ("pin", '{"index": 7.0}', None),
    ("pin", '{"index": 7e0}', None),
    ("pin", '{"index": "7"}', None),
    ("pin", '{"index": true}', None),
    ("pin", '{"index": 2147483648}', None),
    ("pin", '{"index": 4294967303}', None),
    ("pin", '{"index": -2147483648}', -(2**31)),
    ("pin", '{"index": -0}', 0),
    ("pin", '{"index": 07}', None),
    ("pin", '{"index": null}', None),
    # No objects.
    ("pin", '[{"index": 7}]', None),
    ("pin", "null", None),
    ("pin", "7", None),
    ("pin", "", None),
]


@pytest.mark.parametrize("table", TABLES)
def test_what_is_a_key(spark: SparkSession, table: Table) -> None:
    cases = [(text, key) for of_table, text, key in CASES if of_table == table]
    texts = [text for text, _ in cases]
    assert list(zip(texts, keys.find(texts, table, lambda: spark), strict=True)) == cases


# Fields of any table, some of them twice, with keys of all kinds.
TOKENS = ["7", "8", "-1", "7.0", "7e0", '"7"', "true", "null", "2147483648", "[7]", r'"\ud83c"', "1" * 999]
FIELDS = st.tuples(st.sampled_from(["index", "ind", "title", "country", "age"]), st.sampled_from(TOKENS))
BLANKS = st.sampled_from(["", " ", "\t", "\r "])


def written(key: tuple[str, str], fields: list[tuple[str, str]], blank: str, end: str) -> str:
    pairs = (f'"{name}"{blank}:{blank}{value}' for name, value in (key, *fields))
    return f"{blank}{{{','.join(pairs)}}}{end}"


def hostile_batches(table: Table) -> st.SearchStrategy[list[str]]:
    key = st.tuples(st.just(KEYS[table]), st.sampled_from(["7", "8", *TOKENS]))
    ends = st.sampled_from(["", "", "", " ", "]", "x"])
    texts = st.builds(written, key, st.lists(FIELDS, max_size=3), BLANKS, ends)
    return st.lists(texts, min_size=BATCH, max_size=BATCH)


@pytest.mark.parametrize("make", [batches, hostile_batches])
@pytest.mark.parametrize("table", TABLES)
def test_the_key_is_the_cleaners(
    spark: SparkSession, table: Table, make: Callable[[Table], st.SearchStrategy[list[str | None]]]
) -> None:
    @BOUNDED
    @given(make(table))
    def hold(values: list[str | None]) -> None:
        texts = [value or "" for value in values]
        assume(len(set(texts)) > BATCH // 2)
        checked = classify(raw(spark, texts), table, ["ind"]).orderBy("offset")
        verdicts = checked.select("reasons", fn.col("row.ind")).collect()
        found = keys.find(texts, table, lambda: spark)

        accepted = [(key, ind) for key, (reasons, ind) in zip(found, verdicts, strict=True) if not reasons]
        assert len(accepted) > BATCH // 50
        assert [key for key, _ in accepted] == [ind for _, ind in accepted]
        keyless = [key for key, (reasons, _) in zip(found, verdicts, strict=True) if KEYLESS & {*reasons}]
        assert len(keyless) > BATCH // 50
        assert set(keyless) == {None}

    hold()


def no_spark() -> SparkSession:
    raise AssertionError("Spark was asked for records that Arrow reads")


def test_records_without_a_surprise_need_no_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PIECE_KEYS", 3)
    records: list[dict[str, Any]] = [{"index": ind, "title": "a"} for ind in range(10)]
    texts = [json.dumps(record) for record in records]
    assert keys.find(texts, "pin", no_spark) == [*range(10)]
    assert keys.find([], "pin", no_spark) == []


def test_the_order_is_kept_where_spark_reads_some(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "PIECE_KEYS", 3)
    texts = [json.dumps({"index": ind, "ind": ind} if ind % 4 == 2 else {"index": ind}) for ind in range(20)]
    assert keys.find(texts, "pin", lambda: spark) == [*range(20)]
