"""The kinds of values that options have: text -> value, or a ValueError that says what is expected."""

import math
import re
from collections.abc import Mapping

# Kinesis allows 5 reads a second of each shard.
MIN_FETCH_SECONDS = 0.2

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}


def positive(text: str) -> int:
    """A count."""
    if not re.fullmatch(r"0*[1-9]\d{0,17}", text):
        raise ValueError("a positive integer")
    return int(text)


def rate(text: str) -> float:
    """MB per second and shard."""
    expected = "a positive number of MB per second and shard"
    try:
        rate = float(text)
    except ValueError:
        raise ValueError(expected) from None
    if not 0 < rate < math.inf:
        raise ValueError(expected)
    return rate


def _quantity(text: str, units: Mapping[str, float], expected: str) -> float:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]*)", text.lower())
    if not found or found[2] not in units or not float(found[1]):
        raise ValueError(expected)
    return float(found[1]) * units[found[2]]


def duration(text: str) -> float:
    """Seconds."""
    return _quantity(text, _SECONDS, "a duration like 200ms, 10s or 2m")


def fetch_period(text: str) -> float:
    """Seconds between two reads of a shard."""
    seconds = duration(text)
    if seconds < MIN_FETCH_SECONDS:
        raise ValueError("200ms or more, for Kinesis allows 5 reads a second of a shard")
    return seconds


def size(text: str) -> int:
    """Bytes."""
    return int(_quantity(text, _BYTES, "a size like 10mb or 2gb"))


def boolean(text: str) -> bool:
    """A switch."""
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def polling(text: str) -> None:
    """Nothing: it is the only mode."""
    if text.lower() != "polling":
        raise ValueError("polling: enhanced fan-out is not supported")
