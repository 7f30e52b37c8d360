"""The landing contract: what an object's key and a record's line look like, and where a partition ends.

Contract (design of the S3 landing zone): the object
`topics/<topic>/partition=<p>/<topic>+<p>+<start offset, 10 digits>.json` holds one line per record, line k
that of offset start + k. Shared by the S3 sink, which writes it, and the batch cleaner, which reads it.
"""

import json
import re
from collections.abc import Callable
from typing import NamedTuple, NoReturn

import msgspec

ROOT_PREFIX = "topics/"
MAX_OFFSET = 10**10 - 1  # ten digits: beyond, keys no longer sort like offsets
NEXT_OFFSET = "next-offset"  # an object's metadata: the offset at which the next one starts

_KEY = re.compile(
    r"topics/(?P<topic>[^/]+)/partition=(?P<partition>\d+)/(?P=topic)\+(?P=partition)\+(?P<start>\d{10})\.json"
)
_RAW = msgspec.json.Decoder(msgspec.Raw)


class ObjectName(NamedTuple):
    """The parts of an object's key: the topic, the partition and the offset of its first line."""

    topic: str
    partition: int
    start: int


def partition_prefix(topic: str, partition: int) -> str:
    """The folder of a partition, `topics/<topic>/partition=<p>/`."""
    return f"{ROOT_PREFIX}{topic}/partition={partition}/"


def object_prefix(topic: str, partition: int) -> str:
    """Return what the keys of all objects of a partition start with: only the offset and `.json` follow."""
    return f"{partition_prefix(topic, partition)}{topic}+{partition}+"


def object_key(topic: str, partition: int, start: int) -> str:
    """The key of the object whose first line is the record at offset `start`.

    Raises:
        ValueError: the offset is negative or has more than ten digits.
    """
    if not 0 <= start <= MAX_OFFSET:
        raise ValueError(
            f"{topic}[{partition}]: offset {start} does not fit the ten digits of an object's key"
        )
    return f"{object_prefix(topic, partition)}{start:010d}.json"


def parse_key(key: str) -> ObjectName:
    """The inverse of `object_key`.

    Raises:
        ValueError: the key is not one that the S3 sink writes.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"{key!r} is not the key of a landed object")
    return ObjectName(match["topic"], int(match["partition"]), int(match["start"]))


def newest_start(
    topic: str, partition: int, list_after: Callable[[str], tuple[list[str], bool]]
) -> int | None:
    """The start offset of a partition's newest object, or None where there is none.

    S3 lists in ascending order only, so the end is found by bisection over the start offsets: at most 35 pages
    (2^34 > 10^10), however many objects there are, and one page where they fit a page.

    Args:
        topic: the topic.
        partition: its partition.
        list_after: takes a key, returns one page of the keys after it that start with `object_prefix`, in
            order, and whether there are more (S3's ListObjectsV2 with Prefix and StartAfter).

    Raises:
        ValueError: a key among the partition's objects is not of this contract.
    """
    keys, more = list_after(object_prefix(topic, partition))
    if not keys:
        return None
    low, high = parse_key(keys[-1]).start, MAX_OFFSET
    while more and low < high:  # the newest object starts at low..high
        middle = (low + high) // 2
        keys, more_after = list_after(object_key(topic, partition, middle))
        if keys:
            low, more = parse_key(keys[-1]).start, more_after
        else:
            high = middle
    return low


def is_json(value: bytes) -> bool:
    """Return whether a Kafka value is one JSON document in UTF-8 (RFC 8259: NaN and Infinity are not JSON).

    Nesting deeper than about 1,000 levels is not taken for JSON; Spark's reader has that limit as well.
    """
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return False
    try:
        _RAW.decode(value)
    except RecursionError:
        return False
    except msgspec.DecodeError:
        return _is_json_to_the_letter(text)
    return True


def _is_json_to_the_letter(text: str) -> bool:
    """A second opinion, slower: msgspec refuses an unpaired surrogate escape, which the grammar allows."""
    try:
        # Whole numbers as texts, since Python makes none of more than 4,300 digits.
        json.loads(text, parse_constant=_refuse, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def to_line(value: bytes | None) -> bytes:
    r"""The line of a Kafka value in its object, its newline included.

    A tombstone is `null`. JSON stays as it was sent, byte for byte, but for line breaks between its tokens,
    which go. Anything else is its text with `\`, newline and carriage return escaped, and each byte that is
    not UTF-8 as `\xNN`; such a line is never JSON (see `escape`).
    """
    if value is None:
        return b"null\n"
    if is_json(value):
        # A line break inside a JSON string is not JSON, so all of them are between tokens.
        return value.translate(None, b"\r\n") + b"\n"
    return escape(value) + b"\n"


def escape(value: bytes) -> bytes:
    r"""One line of UTF-8 text for a value that is not JSON; reading the escapes back gives its bytes again.

    Escaping can turn broken JSON into sound JSON (`"a<newline>b"`, `"\q"`), which the cleaner would take for
    data. Such a value has its characters escaped as `\x5c`, `\x0a` and `\x0d`, which JSON does not know.
    """
    line = _replace(value, rb"\\", rb"\n", rb"\r")
    return _replace(value, rb"\x5c", rb"\x0a", rb"\x0d") if is_json(line) else line


def _replace(value: bytes, backslash: bytes, newline: bytes, carriage_return: bytes) -> bytes:
    escaped = (
        value.replace(b"\\", backslash).replace(b"\n", newline).replace(b"\r", carriage_return)
    )  # the backslash first: the others bring new ones
    return escaped.decode("utf-8", "backslashreplace").encode()
