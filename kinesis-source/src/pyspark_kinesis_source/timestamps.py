"""The texts of `initialPosition`'s at_timestamp -> milliseconds since 1970."""

import re
from datetime import UTC, datetime

# What Databricks' documentation shows for a text without a format of its own.
DEFAULT_FORMAT = "MM/dd/yyyy HH:mm:ss ZZZ"
# Java's pattern letters, as strptime's directives; a run of others is an error.
_DIRECTIVES = {
    "yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "SSS": "%f", "SSSSSS": "%f",
    "Z": "%z", "ZZ": "%z", "ZZZ": "%z", "X": "%z", "XX": "%z", "XXX": "%z", "z": "%z", "zzz": "%z",
}  # fmt: skip
_TOKEN = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+")
_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
          "PST": -8, "PDT": -7}  # fmt: skip
_ZONE = re.compile(r"(?<![A-Za-z])(" + "|".join(_ZONES) + r")$")


def to_millis(text: str, pattern: str | None = None) -> int:
    """The instant; a text without a zone is read as UTC.

    Args:
        text: ISO 8601, or as the pattern says.
        pattern: letters of Java's date patterns (yyyy MM dd HH mm ss SSS, Z, X or z for the zone).

    Raises:
        ValueError: the text does not fit the pattern, or the pattern has other letters.
    """
    if pattern is None:
        try:
            return _millis(datetime.fromisoformat(text))
        except ValueError:
            pattern = DEFAULT_FORMAT
    return _millis(datetime.strptime(_numeric_zone(text), _strptime_format(pattern)))


def _millis(moment: datetime) -> int:
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(known.timestamp() * 1000)


def _numeric_zone(text: str) -> str:
    return _ZONE.sub(lambda zone: f"{_ZONES[zone[1]]:+03d}00", text)


def _strptime_format(pattern: str) -> str:
    return "".join(_directive(token) for token in _TOKEN.finditer(pattern))


def _directive(token: re.Match[str]) -> str:
    if token[1] is not None:
        return token[1].replace("%", "%%")
    if token[2] is None:
        return token[0].replace("%", "%%")
    if token[0] not in _DIRECTIVES:
        raise ValueError(f"{token[0]!r} is not a supported part of a format")
    return _DIRECTIVES[token[0]]
