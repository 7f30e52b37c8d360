"""A request's body taken apart: what is kept, and what is refused with which code."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rest_proxy.errors import ApiError
from services.rest_proxy.records import (
    ANY_PARTITION,
    BINARY_TYPE,
    JSON_TYPE,
    Record,
    parse_binary,
    parse_json,
    parser_of,
)

MOST = 10**6


def one(value: bytes) -> bytes:
    return b'{"records":[{"value":' + value + b"}]}"


@pytest.mark.parametrize(
    "value",
    [
        b"1.10",
        b"-0",
        b"1e400",
        b"0.1000000000000000055511151231257827",
        b"9" * 400,
        b'{"b" : 1,\n "a":[1 , 2]}',
        b'{"a":1,"a":2}',
        '"\u00e9 \U0001f60a \u65e5\u672c"'.encode(),
        rb'"\u00e9\ud83d\ude0a\/"',
        b'""',
        b"{}",
        b"false",
        b"[" * 500 + b"]" * 500,
    ],
)
def test_json_values_and_keys_keep_their_bytes(value: bytes) -> None:
    body = b'{"records":[ {"key": ' + value + b' , "value": ' + value + b" } ]}"
    assert parse_json(body, MOST) == [Record(value, value, ANY_PARTITION)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(json_values, min_size=1), st.booleans())
def test_any_json_values_come_out_as_they_went_in(values: list[object], ascii_only: bool) -> None:
    texts = [json.dumps(value, ensure_ascii=ascii_only).encode() for value in values]
    body = b'{"records":[' + b",".join(b'{"value":' + text + b"}" for text in texts) + b"]}"
    assert [r.value for r in parse_json(body, MOST)] == [None if text == b"null" else text for text in texts]


@given(st.lists(st.tuples(st.none() | st.binary(), st.none() | st.binary()), min_size=1))
def test_any_bytes_come_out_of_a_binary_request(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    def text(data: bytes | None) -> str | None:
        return None if data is None else base64.b64encode(data).decode()

    body = json.dumps(
        {"records": [{"key": text(key), "value": text(value)} for key, value in pairs]}
    ).encode()
    assert parse_binary(body, MOST) == [Record(key, value, ANY_PARTITION) for key, value in pairs]


@given(st.binary())
def test_no_body_raises_anything_but_an_api_error(body: bytes) -> None:
    for parse in (parse_json, parse_binary):
        with pytest.raises(ApiError) as refusal:
            parse(body, MOST)
        assert refusal.value.error.code in (400, 422)


@pytest.mark.parametrize("record", [b"{}", b'{"value":null}', b'{"key":null,"value": null }'])
def test_a_value_that_is_null_or_missing_is_a_tombstone(record: bytes) -> None:
    body = b'{"records":[' + record + b"]}"
    assert parse_json(body, MOST) == parse_binary(body, MOST) == [Record(None, None, ANY_PARTITION)]


def test_an_explicit_partition_is_kept() -> None:
    body = b'{"records":[{"value":"YQ==","partition":2},{"value":"YQ==","partition":null},{"partition":2.0}]}'
    assert [r.partition for r in parse_json(body, MOST)] == [2, ANY_PARTITION, 2]
    assert [r.partition for r in parse_binary(body, MOST)] == [2, ANY_PARTITION, 2]


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":[{"value":1}]',
        b'{"records":[{"value":1}]} x',
        b"\xef\xbb\xbf" + one(b"1"),
        one(b"NaN"),
        one(b"Infinity"),
        one(b"-Infinity"),
        one(b"[NaN]"),
        one(b"01"),
        one(b"1."),
        one(b"'a'"),
        one(b'"\x00"'),
        one(b'"\xff"'),
        one(b'"\xed\xa0\x80"'),
        one(rb'"\x"'),
        one(rb'"\ud800"'),
        one(b"[1,]"),
        one(b"1 // comment"),
        one(b"[" * 100_000 + b"]" * 100_000),
        b'{"records":[{"unknown":1}],"value":NaN}',
        b"\xff",
    ],
)
def test_malformed_json_is_400(body: bytes) -> None:
    for parse in (parse_json, parse_binary):
        with pytest.raises(ApiError) as refusal:
            parse(body, MOST)
        assert refusal.value.error.code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"null",
        b"[]",
        b"{}",
        b'{"records":[]}',
        b'{"records":null}',
        b'{"records":{}}',
        b'{"records":"YQ=="}',
        b'{"records":["YQ=="]}',
        b'{"records":[null]}',
        b'{"records":[{"valeu":1}]}',
        b'{"records":[{"value":"YQ==","headers":[]}]}',
        b'{"records":[{"value":"YQ=="}],"extra":1}',
        b'{"records":[{"value":"YQ==","partition":-1}]}',
        b'{"records":[{"value":"YQ==","partition":2147483648}]}',
        b'{"records":[{"value":"YQ==","partition":"1"}]}',
        b'{"records":[{"value":"YQ==","partition":1.5}]}',
        b'{"records":[{"value":"YQ==","partition":-0.5}]}',
        b'{"records":[{"value":"YQ==","partition":1e30}]}',
        b'{"records":[{"value":"YQ==","partition":true}]}',
    ],
)
def test_another_shape_is_422(body: bytes) -> None:
    for parse in (parse_json, parse_binary):
        with pytest.raises(ApiError) as refusal:
            parse(body, MOST)
        assert refusal.value.error.code == 422


@pytest.mark.parametrize(
    "text", ["YQ", "YQ=", "Y Q==", "YQ==\\n", "Y-_=", "YQ==YQ==", "not base64", "\u00e9"]
)
def test_malformed_base64_is_400_and_says_where(text: str) -> None:
    body = f'{{"records":[{{"value":"YQ=="}},{{"value":"{text}"}}]}}'.encode()
    with pytest.raises(ApiError, match=r"\$\.records\[1\]\.value") as refusal:
        parse_binary(body, MOST)
    assert refusal.value.error.code == 400


@pytest.mark.parametrize("value", [b"1", b"{}", b"[]", b"true"])
def test_a_binary_value_that_is_no_string_is_422(value: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_binary(one(value), MOST)
    assert refusal.value.error.code == 422


def test_more_records_than_there_will_ever_be_room_for_are_413() -> None:
    body = b'{"records":[{},{},{}]}'
    for parse in (parse_json, parse_binary):
        assert len(parse(body, 3)) == 3
        with pytest.raises(ApiError) as refusal:
            parse(body, 2)
        assert refusal.value.error.code == 413


def test_content_types() -> None:
    assert parser_of(JSON_TYPE) is parse_json
    assert parser_of(f"{BINARY_TYPE.upper()} ; charset=utf-8") is parse_binary
    for other in (
        "",
        "application/json",
        "application/vnd.kafka.avro.v2+json",
        "application/vnd.kafka.json.v1+json",
    ):
        with pytest.raises(ApiError) as refusal:
            parser_of(other)
        assert refusal.value.error.code == 41501
