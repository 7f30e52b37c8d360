"""A request's body taken apart: what is kept, and what is refused with which code."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rest_proxy.errors import ApiError
from services.rest_proxy.records import (
    ANY_PARTITION,
    BINARY_TYPE,
    JSON_TYPE,
    Parser,
    Record,
    parse_binary,
    parse_json,
    parse_object,
    parser_of,
    partition_of,
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


SCHEMAS = ("key_schema", "key_schema_id", "value_schema", "value_schema_id")


@pytest.mark.parametrize("parse", [parse_json, parse_binary])
def test_schemas_that_are_null_are_as_if_missing(parse: Parser) -> None:
    body = json.dumps({**dict.fromkeys(SCHEMAS), "records": [{"value": "YQ=="}]}).encode()
    bare = b'{"records":[{"value":"YQ=="}]}'
    assert parse(body, MOST, ANY_PARTITION) == parse(bare, MOST, ANY_PARTITION)


@pytest.mark.parametrize("parse", [parse_json, parse_binary])
@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("given", [0, 7, "", '"string"', {}, False])
def test_a_schema_is_422_and_says_why(parse: Parser, name: str, given: object) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(json.dumps({"records": [{}], name: given}).encode(), MOST, ANY_PARTITION)
    assert refusal.value.error.code == 422
    assert str(refusal.value) == (
        f"$.{name} has to be null or missing: neither format has schemas, and this proxy has no schema registry"
    )


@pytest.mark.parametrize("parse", [parse_json, parse_binary])
def test_the_paths_partition_is_that_of_records_that_name_none(parse: Parser) -> None:
    body = b'{"records":[{},{"partition":null},{"partition":2}]}'
    assert [r.partition for r in parse(body, MOST, 1)] == [1, 1, 2]


@pytest.mark.parametrize("text", ["-1", "1.0", "", "x", "+1", " 1", "\u0661", "12345678901"])
def test_a_path_without_a_partitions_number_is_404(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        partition_of({"topic": "t", "partition": text})
    assert refusal.value.error.code == 40402
    assert str(refusal.value) == f"A partition is a number from 0 on, not {text!r}"


def test_a_paths_partition() -> None:
    assert partition_of({"topic": "t", "partition": "017"}) == 17
    assert partition_of({"topic": "t", "partition": "2147483647"}) == 2**31 - 1
    assert partition_of({"topic": "t"}) == ANY_PARTITION


HALVES = [rb"\ud83d", rb"\uDE00", rb"a\ud83d\u0041", rb"\ud83d\ud83d\ude00", rb"\\\udfff", rb"\ud83d\\ude00"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("after", [b"", b" and so on, a text of some length"])
def test_half_a_surrogate_pair_is_400_and_says_in_which_record(
    half: bytes, before: int, after: bytes
) -> None:
    good = rb'{"key":"YQ==","value":"\ud83d\ude0a \\ud83d"},' * before
    for field in (b"key", b"value"):
        bad = b'{"%b":"%b%b"}' % (field, half, after)
        body = b'{"records":[' + good + bad + rb',{"value":"\ud83d"}]}'
        for parse in (parse_json, parse_binary):
            with pytest.raises(ApiError) as refusal:
                parse(body, MOST)
            assert refusal.value.error.code == 400
            found = re.fullmatch(
                rf"\$\.records\[{before}\] is malformed: (\\u\w{{4}}) \(byte (\d+)\) is half a surrogate pair.*",
                str(refusal.value),
            )
            assert found, str(refusal.value)
            assert body[int(found[2]) :].startswith(found[1].encode())
            assert int(found[2]) >= body.index(bad)


def test_half_a_surrogate_pair_beside_the_records_is_the_bodys() -> None:
    with pytest.raises(ApiError, match=r"^The body is malformed: \\ud83d \(byte 31\) is half a"):
        parse_json(rb'{"records":[{}],"key_schema":" \ud83d"}', MOST)


def test_a_post_is_its_body() -> None:
    body = b' {"title": 1.10, "a": null} '
    assert parse_object(body) == Record(None, body, ANY_PARTITION)


def test_half_a_surrogate_pair_of_a_post_is_named() -> None:
    with pytest.raises(ApiError, match=r"^The body is malformed: \\ud83d \(byte 8\) is half a") as refusal:
        parse_object(rb'{"tit":"\ud83d"}')
    assert refusal.value.error.code == 400


@pytest.mark.parametrize("body", [rb'{"records":[{"value":"\ud83d"}', rb'{"records":[{"value":"\ud83d\x"}]}'])
def test_a_body_that_is_malformed_besides_does_not_blame_half_a_surrogate_pair(body: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_json(body, MOST)
    assert refusal.value.error.code == 400
    assert "surrogate pair, which" not in str(refusal.value)


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


@pytest.mark.parametrize("parse", [parse_json, parse_binary])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b" \n", "The body is empty"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{}", "Object missing required field `records`"),
        (
            b'{"records":[{"value":null},{"other":null}]}',
            "Object contains unknown field `other` - at `$.records[1]`",
        ),
        (b'{"records":[{},{"partition":1.5}]}', "$.records[1].partition is not an integer: 1.5"),
    ],
)
def test_another_shape_is_said_with_its_place(parse: Parser, body: bytes, message: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(body, MOST, ANY_PARTITION)
    assert str(refusal.value) == message


@pytest.mark.parametrize("parse", [parse_json, parse_binary])
@pytest.mark.parametrize("field", [b"records", b"rekords"])
def test_malformed_json_is_said_with_its_place_whatever_its_shape(parse: Parser, field: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        parse(b'{"%b":[1,]}' % field, MOST, ANY_PARTITION)
    assert str(refusal.value).startswith("The body is malformed: JSON is malformed: ")
    assert "(byte 14)" in str(refusal.value)


@pytest.mark.parametrize("field", ["key", "value"])
def test_malformed_base64_is_said_with_its_field(field: str) -> None:
    body = json.dumps({"records": [{}, {field: "YQ"}]}).encode()
    with pytest.raises(ApiError, match=rf"^\$\.records\[1\]\.{field} is not base64: Incorrect padding$"):
        parse_binary(body, MOST)


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
        assert str(refusal.value) == "3 records in one request; the limit is 2"


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
        assert str(refusal.value) == f"Content-Type is {other!r}; expected {JSON_TYPE} or {BINARY_TYPE}"
