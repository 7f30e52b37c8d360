"""Finding half a surrogate pair in JSON: its grammar allows the escape, but no text in UTF-8 can hold the character.

JSON readers refuse it in words that name neither the place nor the cause ("Input data was truncated").
"""

import re
from typing import NamedTuple

import msgspec

_HALF = rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
_PAIR = rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# All up to the next half or the end, then the half. It matches wherever it is tried, and possessively: one pass.
_UP_TO_HALF = re.compile(
    rb"((?:[^\\]++|" + _PAIR + rb"|(?!" + _HALF + rb")\\(?:.|\Z))*+)(" + _HALF + rb"|\Z)", re.DOTALL
)


class Half(NamedTuple):
    r"""Half a surrogate pair: its escape, such as \ud83d, and the byte of the text at which it begins."""

    escape: str
    position: int

    def __str__(self) -> str:
        return f"{self.escape} (byte {self.position}) is half a surrogate pair, which is no character"


_read = msgspec.json.Decoder(msgspec.Raw).decode


def breaking_half(json: bytes) -> Half | None:
    """Return the first half of a pair if such halves are all that keeps a text from being JSON, else None."""
    half = first_half(json)
    if half is not None:
        try:
            _read(without_halves(json))
        except (msgspec.DecodeError, RecursionError):
            half = None
    return half


def first_half(json: bytes) -> Half | None:
    """Return the first escape of half a surrogate pair in a JSON text, or None."""
    found = _UP_TO_HALF.match(json)
    return Half(found[2].decode(), found.start(2)) if found and found[2] else None


def without_halves(json: bytes) -> bytes:
    r"""Return the JSON text of the same length in which each half is the replacement character, \ufffd."""
    return _UP_TO_HALF.sub(lambda found: found[1] + (rb"\ufffd" if found[2] else b""), json)
