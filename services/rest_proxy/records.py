"""A request's body taken apart into records, each value's bytes exactly as sent. Pure: no I/O."""

import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, TypeVar

from msgspec import DecodeError, Meta, Raw, Struct, ValidationError
from msgspec.json import Decoder

from common.surrogates import Half, breaking_half, without_halves
from services.rest_proxy.errors import ApiError, ErrorCode

JSON_TYPE = "application/vnd.kafka.json.v2+json"
BINARY_TYPE = "application/vnd.kafka.binary.v2+json"

T = TypeVar("T")
Parser = Callable[[bytes, int, int], list["Record"]]

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


class _Request(Struct, forbid_unknown_fields=True, kw_only=True):
    key_schema: Raw = Raw()
    key_schema_id: Raw = Raw()
    value_schema: Raw = Raw()
    value_schema_id: Raw = Raw()


class _JsonRequest(_Request, kw_only=True):
    records: Annotated[list[_JsonRecord], Meta(min_length=1)]


class _BinaryRequest(_Request, kw_only=True):
    records: Annotated[list[_BinaryRecord], Meta(min_length=1)]


class _Outline(Struct):
    """A request of which nothing is known but where each record begins and ends."""

    records: list[Raw]


_decode_json = Decoder(_JsonRequest).decode
_decode_binary = Decoder(_BinaryRequest).decode
_decode_object = Decoder(dict[str, Raw]).decode
_decode_outline = Decoder(_Outline).decode
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


def parse_json(body: bytes, most: int, partition: int = ANY_PARTITION) -> list[Record]:
    """The records of a JSON request; keys and values keep their bytes, numbers of any size included.

    Args:
        body: the request's.
        most: how many records it may have.
        partition: of the records that name none.

    Raises:
        ApiError: 400 malformed, 422 of another shape, 413 more than `most` records.
    """
    request = _decode(_decode_json, body)
    _check(request, len(request.records), most)
    return [
        Record(_json(r.key), _json(r.value), _partition(r.partition, index, partition))
        for index, r in enumerate(request.records)
    ]


def parse_binary(body: bytes, most: int, partition: int = ANY_PARTITION) -> list[Record]:
    """The records of a binary request, decoded from base64; arguments as of `parse_json`.

    Raises:
        ApiError: 400 malformed JSON or base64, 422 of another shape, 413 more than `most` records.
    """
    request = _decode(_decode_binary, body)
    _check(request, len(request.records), most)
    return [
        Record(
            _base64(r.key, index, "key"),
            _base64(r.value, index, "value"),
            _partition(r.partition, index, partition),
        )
        for index, r in enumerate(request.records)
    ]


def parse_object(body: bytes) -> Record:
    """A record whose value is the body, which has to be one JSON object.

    Raises:
        ApiError: 400 malformed, 422 empty or not an object.
    """
    _decode(_decode_object, body)
    return Record(None, body, ANY_PARTITION)


def partition_of(path_params: Mapping[str, str]) -> int:
    """Return the partition that a request's path names, ANY_PARTITION if it names none.

    Raises:
        ApiError: 40402, it is no number that a partition could have.
    """
    text = path_params.get("partition")
    if text is None:
        return ANY_PARTITION
    # Kafka's numbers have ten digits at the most.
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise ApiError(ErrorCode.PARTITION_NOT_FOUND, f"A partition is a number from 0 on, not {text!r}")
    return int(text)


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
    half = breaking_half(body)
    if half is None:
        return ApiError(ErrorCode.MALFORMED, f"The body is malformed: {error}")
    return ApiError(ErrorCode.MALFORMED, f"{_place_of(half, body)} is malformed: {half}")


def _place_of(half: Half, body: bytes) -> str:
    """Return which record has this half of a surrogate pair."""
    # Two bodies that differ in this one character alone, so that only its record differs.
    one = without_halves(body)
    other = one[: half.position] + rb"\ufffc" + one[half.position + len(half.escape) :]
    try:
        records = zip(_decode_outline(one).records, _decode_outline(other).records, strict=True)
    except ValidationError:
        return "The body"
    differing = [index for index, (raw, changed) in enumerate(records) if bytes(raw) != bytes(changed)]
    return f"$.records[{differing[0]}]" if differing else "The body"


def _check(request: _Request, count: int, most: int) -> None:
    if count > most:
        raise ApiError(ErrorCode.TOO_LARGE, f"{count} records in one request; the limit is {most}")
    for name in _Request.__struct_fields__:
        if bytes(getattr(request, name)) not in _NULLS:
            reason = "neither format has schemas, and this proxy has no schema registry"
            raise ApiError(ErrorCode.INVALID, f"$.{name} has to be null or missing: {reason}")


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


def _partition(number: float | None, index: int, otherwise: int) -> int:
    if number is None:
        return otherwise
    if number != int(number):
        raise ApiError(ErrorCode.INVALID, f"$.records[{index}].partition is not an integer: {number}")
    return int(number)
