"""A request's body taken apart into records, each value's bytes exactly as sent. Pure: no I/O."""

import binascii
from collections.abc import Callable
from typing import Annotated, TypeVar

from msgspec import DecodeError, Meta, Raw, Struct, ValidationError
from msgspec.json import Decoder

from services.rest_proxy.errors import ApiError, ErrorCode

JSON_TYPE = "application/vnd.kafka.json.v2+json"
BINARY_TYPE = "application/vnd.kafka.binary.v2+json"

T = TypeVar("T")
Parser = Callable[[bytes, int], list["Record"]]

# Kafka's client chooses the partition: by the key, or at random.
ANY_PARTITION = -1
# A key or value that is missing, or null.
_NULLS = (b"", b"null")

# Kafka's partition numbers are 32-bit.
_RANGE = Meta(ge=0, le=2**31 - 1)
# JSON, and JSON Schema with it, does not tell 2.0 from 2.
Partition = Annotated[int, _RANGE] | Annotated[float, _RANGE]


# gc=False, here and below: without cycles there is nothing to collect, and a hostile body holds millions of records.
class Record(Struct, frozen=True, gc=False):
    """One record to produce; None as a key means no key, as a value a tombstone."""

    key: bytes | None
    value: bytes | None
    partition: int


class _JsonRecord(Struct, forbid_unknown_fields=True, gc=False):
    key: Raw = Raw()
    value: Raw = Raw()
    partition: Partition | None = None


class _BinaryRecord(Struct, forbid_unknown_fields=True, gc=False):
    key: str | None = None
    value: str | None = None
    partition: Partition | None = None


class _JsonRequest(Struct, forbid_unknown_fields=True):
    records: Annotated[list[_JsonRecord], Meta(min_length=1)]


class _BinaryRequest(Struct, forbid_unknown_fields=True):
    records: Annotated[list[_BinaryRecord], Meta(min_length=1)]


_decode_json = Decoder(_JsonRequest).decode
_decode_binary = Decoder(_BinaryRequest).decode
_decode_object = Decoder(dict[str, Raw]).decode
_check_syntax = Decoder(Raw).decode


def parser_of(content_type: str) -> Parser:
    """The parser for a Content-Type header, whose parameters and letter case do not matter.

    Raises:
        ApiError: 41501, it is neither of the two.
    """
    parser = _PARSERS.get(content_type.partition(";")[0].strip().lower())
    if parser is None:
        expected = f"expected {JSON_TYPE} or {BINARY_TYPE}"
        raise ApiError(ErrorCode.UNSUPPORTED_TYPE, f"Content-Type is {content_type!r}; {expected}")
    return parser


def parse_json(body: bytes, most: int) -> list[Record]:
    """The records of a JSON request; keys and values keep their bytes, numbers of any size included.

    Raises:
        ApiError: 400 malformed, 422 of another shape, 413 more than `most` records.
    """
    records = _decode(_decode_json, body).records
    _check_count(len(records), most)
    return [
        Record(_json(r.key), _json(r.value), _partition(r.partition, index))
        for index, r in enumerate(records)
    ]


def parse_binary(body: bytes, most: int) -> list[Record]:
    """The records of a binary request, decoded from base64.

    Raises:
        ApiError: 400 malformed JSON or base64, 422 of another shape, 413 more than `most` records.
    """
    records = _decode(_decode_binary, body).records
    _check_count(len(records), most)
    return [
        Record(_base64(r.key, index, "key"), _base64(r.value, index, "value"), _partition(r.partition, index))
        for index, r in enumerate(records)
    ]


def parse_object(body: bytes) -> Record:
    """A record whose value is the body, which has to be one JSON object.

    Raises:
        ApiError: 400 malformed, 422 empty or not an object.
    """
    _decode(_decode_object, body)
    return Record(None, body, ANY_PARTITION)


_PARSERS = {JSON_TYPE: parse_json, BINARY_TYPE: parse_binary}


def _decode(decode: Callable[[bytes], T], body: bytes) -> T:
    try:
        body.decode()  # msgspec does not read the inside of a Raw as text, so the whole body is checked once
        return decode(body)
    except (ValidationError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(body, error) from None


def _refusal(body: bytes, error: Exception) -> ApiError:
    """422 for an empty body or another shape; a body that is not JSON at all is 400, whatever else it is."""
    if not body.strip():
        return ApiError(ErrorCode.INVALID, "The body is empty")
    if isinstance(error, ValidationError):
        try:
            _check_syntax(body)
        except (DecodeError, RecursionError) as malformed:
            error = malformed
        else:
            return ApiError(ErrorCode.INVALID, str(error))
    return ApiError(ErrorCode.MALFORMED, f"The body is malformed: {error}")


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise ApiError(ErrorCode.TOO_LARGE, f"{count} records in one request; the limit is {most}")


def _json(raw: Raw) -> bytes | None:
    value = bytes(raw)
    return None if value in _NULLS else value


def _base64(text: str | None, index: int, field: str) -> bytes | None:
    if text is None:
        return None
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise ApiError(ErrorCode.MALFORMED, f"$.records[{index}].{field} is not base64: {error}") from None


def _partition(number: float | None, index: int) -> int:
    if number is None:
        return ANY_PARTITION
    if number != int(number):
        raise ApiError(ErrorCode.INVALID, f"$.records[{index}].partition is not an integer: {number}")
    return int(number)
