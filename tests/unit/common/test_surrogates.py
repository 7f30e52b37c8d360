"""Half a surrogate pair in JSON is found where Python's own reader has one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.surrogates import first_half, without_halves

UNITS = st.sampled_from(
    ["\ud83d", "\udbff", "\ude00", "\udfff", "a", "\\", "\\ud83d", '"', "\n", "\u00e9", "\U0001f60a"]
)


@given(st.lists(UNITS))
def test_a_text_has_one_where_python_reads_one(units: list[str]) -> None:
    body = json.dumps("".join(units)).encode()
    read = json.loads(body)
    surrogate = next((c for c in read if "\ud800" <= c <= "\udfff"), None)
    half = first_half(body)
    assert (half is None) == (surrogate is None)
    if half and surrogate:
        assert int(half.escape[2:], 16) == ord(surrogate)
        assert body[half.position :].startswith(half.escape.encode())
    assert json.loads(without_halves(body)) == "".join(
        "\ufffd" if "\ud800" <= c <= "\udfff" else c for c in read
    )


@pytest.mark.parametrize("text", [b"", b"\\", b"\\u", rb"\ud8", rb"\ud83d\u", b"\xff\\"])
def test_a_text_that_ends_anywhere_keeps_its_length(text: bytes) -> None:
    assert len(without_halves(text)) == len(text)
