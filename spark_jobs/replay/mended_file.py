"""Quarantined records as a file to mend and hand back: a JSON object a line.

`{"topic", "partition", "offset", "reasons", "value": <the record>}`, or where the record is not JSON, `"raw"` and its
text instead of `value`. Only the place and one of the two are read again.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec


class KafkaPosition(NamedTuple):
    """The position of a record in Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}] offset {self.offset}"


class Quarantined(NamedTuple):
    """A rejected record: where it stands, why it was rejected, its text as quarantine.batch has it."""

    place: KafkaPosition
    reasons: list[str]
    raw: str | None


class _Line(msgspec.Struct, omit_defaults=True):
    topic: str
    partition: int
    offset: int
    reasons: list[str] | None = None
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    raw: str | msgspec.UnsetType = msgspec.UNSET


def to_lines(records: Iterable[Quarantined]) -> Iterator[bytes]:
    """The records as lines of the file."""
    for place, reasons, raw in records:
        text = raw or ""
        shown = {"value": msgspec.Raw(text.encode())} if _is_json(text) else {"raw": text}
        yield msgspec.json.encode(_Line(*place, reasons=reasons, **shown)) + b"\n"


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def from_lines(lines: Iterable[bytes]) -> Mapping[KafkaPosition, str]:
    """The records' mended texts, by place; blank lines are skipped.

    Raises:
        ValueError: a line is not as above, or a place comes twice; the message names the line.
    """
    mended: dict[KafkaPosition, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            place, text = _read(line)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ValueError(f"line {number}: {error}") from None
        if place in mended:
            raise ValueError(f"line {number}: {place} comes twice")
        mended[place] = text
    return mended


def _read(line: bytes) -> tuple[KafkaPosition, str]:
    found = msgspec.json.decode(line, type=_Line)
    if (found.value is msgspec.UNSET) == (found.raw is msgspec.UNSET):
        raise ValueError("either `value` or `raw` holds the record")
    text = bytes(found.value).decode() if found.value is not msgspec.UNSET else str(found.raw)
    return KafkaPosition(found.topic, found.partition, found.offset), text
