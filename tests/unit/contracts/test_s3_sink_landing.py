"""The landing contract: keys, lines, and the search for a partition's newest object."""

import bisect
import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.landing import (
    MAX_OFFSET,
    ObjectName,
    escape,
    is_json,
    newest_start,
    object_key,
    object_prefix,
    parse_key,
    partition_prefix,
    to_line,
)


def test_key_of_an_object() -> None:
    assert object_key("0a1b.pin", 2, 12345) == "topics/0a1b.pin/partition=2/0a1b.pin+2+0000012345.json"
    assert partition_prefix("0a1b.pin", 2) == "topics/0a1b.pin/partition=2/"


@given(
    st.from_regex(r"[a-z0-9]{1,9}\.(pin|geo|user)", fullmatch=True),
    st.integers(0, 99),
    st.integers(0, MAX_OFFSET),
)
def test_a_key_is_read_back(topic: str, partition: int, start: int) -> None:
    assert parse_key(object_key(topic, partition, start)) == ObjectName(topic, partition, start)


@pytest.mark.parametrize("start", [-1, MAX_OFFSET + 1])
def test_an_offset_that_would_not_sort_has_no_key(start: int) -> None:
    with pytest.raises(ValueError, match="ten digits"):
        object_key("a.pin", 0, start)


@pytest.mark.parametrize(
    "key",
    [
        "topics/a.pin/partition=0/a.pin+0+000.json",
        "topics/a.pin/partition=0/a.pin+1+0000000000.json",
        "topics/a.pin/partition=0/b.pin+0+0000000000.json",
        "topics/a.pin/partition=0/a.pin+0+0000000000.json.bak",
        "x/topics/a.pin/partition=0/a.pin+0+0000000000.json",
    ],
)
def test_a_foreign_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="is not the key"):
        parse_key(key)


@given(st.lists(st.integers(0, MAX_OFFSET), unique=True, max_size=40), st.integers(1, 7))
def test_newest_object_is_found_by_bisection(starts: list[int], page: int) -> None:
    keys = [object_key("t.pin", 1, start) for start in sorted(starts)]
    calls = 0

    def list_after(key: str) -> tuple[list[str], bool]:
        nonlocal calls
        calls += 1
        assert key.startswith(object_prefix("t.pin", 1))
        rest = keys[bisect.bisect_right(keys, key) :]
        return rest[:page], len(rest) > page

    assert newest_start("t.pin", 1, list_after) == max(starts, default=None)
    assert calls <= (36 if len(keys) > page else 1)


def test_objects_that_are_deleted_during_the_search_do_not_keep_it_going() -> None:
    pages = iter([([object_key("t.pin", 1, 5)], True)])
    assert newest_start("t.pin", 1, lambda _: next(pages, ([], False))) == 5


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, b"null\n"),
        (b"null", b"null\n"),
        (b'{"index": 1}', b'{"index": 1}\n'),
        (
            b'{\r\n  "a": [1.10,\n 12345678901234567890123]\n}\n',
            b'{  "a": [1.10, 12345678901234567890123]}\n',
        ),
        (b'{"a": 1, "a": 2}', b'{"a": 1, "a": 2}\n'),
        (b'"\\ud800"', b'"\\ud800"\n'),
        (b"", b"\n"),
        (b"plain text", b"plain text\n"),
        (b"NaN", b"NaN\n"),
        (b"a\nb\rc\\d", b"a\\nb\\rc\\\\d\n"),
        (b'{"a": "\xff"}', b'{"a": "\\xff"}\n'),
        ("žluťoučký".encode("latin2"), b"\\xbelu\\xbbou\\xe8k\\xfd\n"),
        (b'{"a": "x\ny"}', b'{"a": "x\\x0ay"}\n'),
        (b'{"a": "x\ry"}', b'{"a": "x\\x0dy"}\n'),
        (b'"\\q"', b'"\\x5cq"\n'),
    ],
)
def test_line_of_a_value(value: bytes | None, line: bytes) -> None:
    assert to_line(value) == line


NASTY = st.one_of(
    st.binary(max_size=40),
    st.text(alphabet='{}[]":,\\\n\r\t 0123456789.eE+-truefalsn\x00\u2028é', max_size=40).map(str.encode),
)


@given(NASTY)
def test_any_value_is_one_line(value: bytes) -> None:
    line = to_line(value)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line
    line.decode()


@given(NASTY)
def test_a_line_is_json_exactly_where_its_value_is(value: bytes) -> None:
    assert is_json(to_line(value)) == is_json(value)


@given(NASTY)
def test_escaping_loses_nothing(value: bytes) -> None:
    assert codecs.escape_decode(escape(value))[0] == value


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.integers()
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from([None, 0, 2]),
    st.booleans(),
)
def test_json_stays_what_it_was(value: object, indent: int | None, ascii_only: bool) -> None:
    sent = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert to_line(sent) == sent.replace(b"\n", b"") + b"\n"
    assert json.loads(to_line(sent)) == value


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("value", ["{}", "[{}]", '{{"a": {}}}', '["\\ud800", {}]'])
def test_numbers_that_are_none_are_not_json(constant: str, value: str) -> None:
    assert not is_json(value.format(constant).encode())


def test_a_number_may_have_any_length() -> None:
    """Python's own reader refuses more than 4,300 digits, also in a value of which it gives the second opinion."""
    number = b"9" * 5_000
    assert is_json(number)
    assert is_json(b'["\\ud800", %s, %s.5, 1e%s]' % (number, number, number))


def test_nesting_without_end_is_not_json() -> None:
    assert not is_json(b"[" * 100_000 + b"]" * 100_000)
