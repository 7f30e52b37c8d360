"""The options of `format("kinesis")`: names and defaults as Databricks documents them.

Contract: https://docs.databricks.com/aws/en/connect/streaming/kinesis/ and the read_kinesis function.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import OptionError
from .timestamps import to_millis

# Spark sends prefetched records to the executors inside the tasks, which it refuses over 128 MiB
# (spark.rpc.message.maxSize); 64 MiB, one page of 10 MB per shard on top, stays under it.
MAX_BUFFER_BYTES = 64 * 1024**2
# Kinesis allows 5 reads a second of each shard, and 10,000 records in a read.
MIN_FETCH_SECONDS = 0.2
MAX_PAGE_RECORDS = 10_000

# Options of Databricks that tune its own machinery: accepted, so that its notebooks run unchanged.
WITHOUT_EFFECT = (
    "coalesce",
    "coalesceBinSize",
    "coalesceThresholdBlockSize",
    "maxShardsPerDescribe",
    "reuseKinesisClient",
    "shardsPerTask",
)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "b": 1, "k": 1024, "kb": 1024, "m": 1024**2, "mb": 1024**2, "g": 1024**3, "gb": 1024**3}


@dataclass(frozen=True)
class Options:
    """The parsed options; units are in the names, `at_millis` is since 1970."""

    streams: tuple[str, ...]
    initial_position: str
    at_millis: int
    max_records_per_trigger: int | None
    max_records_per_fetch: int
    max_fetch_bytes_per_second: float
    min_fetch_seconds: float
    max_fetch_seconds: float
    fetch_buffer_bytes: int
    look_seconds: float
    client_retries: int
    fail_on_data_loss: bool
    region: str | None
    endpoint_url: str | None
    access_key: str | None
    secret_key: str | None = field(repr=False)
    session_token: str | None = field(repr=False)
    role_arn: str | None
    role_external_id: str | None
    role_session_name: str
    sts_endpoint: str | None
    ignored: tuple[str, ...]


def parse_options(given: Mapping[str, str], *, default_position: str) -> Options:
    """Check and convert the options.

    Args:
        given: as Spark hands them over; names in any case.
        default_position: what initialPosition is if it is not set.

    Raises:
        OptionError: one is missing, unknown or wrong.
    """
    reader = _Reader(given)
    position, at_millis = _initial_position(reader.text("initialPosition") or default_position)
    options = Options(
        streams=_streams(reader),
        initial_position=position,
        at_millis=at_millis,
        max_records_per_trigger=reader.value("maxRecordsPerTrigger", _positive, None),
        max_records_per_fetch=min(reader.value("maxRecordsPerFetch", _positive, 10_000), MAX_PAGE_RECORDS),
        max_fetch_bytes_per_second=reader.value("maxFetchRate", _rate, 1.0) * 1e6,
        min_fetch_seconds=reader.value("minFetchPeriod", _fetch_period, 0.4),
        max_fetch_seconds=reader.value("maxFetchDuration", _duration, 10.0),
        fetch_buffer_bytes=min(reader.value("fetchBufferSize", _size, MAX_BUFFER_BYTES), MAX_BUFFER_BYTES),
        look_seconds=reader.value("shardFetchInterval", _duration, 10.0),
        client_retries=reader.value("clientRetries", _positive, 5),
        fail_on_data_loss=reader.value("failOnDataLoss", _boolean, True),
        region=reader.text("region"),
        endpoint_url=_endpoint(reader),
        access_key=reader.text("awsAccessKey"),
        secret_key=reader.text("awsSecretKey"),
        session_token=reader.text("awsSessionToken"),
        role_arn=reader.text("roleArn"),
        role_external_id=reader.text("roleExternalId"),
        role_session_name=reader.text("roleSessionName") or "spark-kinesis-source",
        sts_endpoint=reader.text("stsEndpoint"),
        ignored=tuple(name for name in WITHOUT_EFFECT if reader.text(name) is not None),
    )
    reader.value("consumerMode", _polling, None)
    reader.refuse_unknown()
    _check_keys(options)
    return options


class _Reader:
    """Options by name in any case; remembers the names asked for, to find those that nobody knows."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = {name.lower(): value for name, value in given.items()}
        self.known: dict[str, str] = {}

    def text(self, name: str) -> str | None:
        self.known[name.lower()] = name
        return (self.given.get(name.lower()) or "").strip() or None

    def value(self, name: str, convert: Callable[[str], Any], default: Any) -> Any:  # noqa: ANN401 - its type is convert's
        text = self.text(name)
        if text is None:
            return default
        try:
            return convert(text)
        except ValueError as error:
            raise OptionError(f"option {name}: expected {error}, not {text!r}") from None

    def refuse_unknown(self) -> None:
        unknown = sorted(self.given.keys() - self.known.keys())
        if unknown:
            known = ", ".join(sorted(self.known.values(), key=str.lower))
            raise OptionError(f"option {unknown[0]}: there is no such option; there are {known}")


def _streams(reader: _Reader) -> tuple[str, ...]:
    names, arns = reader.text("streamName"), reader.text("streamARN")
    if (names is None) == (arns is None):
        raise OptionError("option streamName: expected it or streamARN, one of the two and not both")
    option, text = ("streamName", names) if names else ("streamARN", arns or "")
    streams = tuple(part.strip() for part in (text or "").split(","))
    if not all(streams) or len(set(streams)) < len(streams):
        raise OptionError(f"option {option}: expected different streams with commas between, not {text!r}")
    if any(stream.startswith("arn:") is not (names is None) for stream in streams):
        raise OptionError(f"option {option}: expected names in streamName, ARNs in streamARN, not {text!r}")
    return streams


def _initial_position(text: str) -> tuple[str, int]:
    """(position, milliseconds of an at_timestamp or 0)."""
    plain = text.lower()
    if plain in ("latest", "trim_horizon", "earliest"):
        return ("latest" if plain == "latest" else "trim_horizon"), 0
    try:
        wanted = json.loads(text)
        if not isinstance(wanted, dict) or not {"at_timestamp"} <= wanted.keys() <= {
            "at_timestamp",
            "format",
        }:
            raise ValueError("no such keys")
        return "at_timestamp", to_millis(str(wanted["at_timestamp"]), wanted.get("format"))
    except (ValueError, TypeError) as error:
        raise OptionError(
            "option initialPosition: expected latest, trim_horizon, earliest or "
            f'{{"at_timestamp": "06/25/2020 10:23:45 PDT", "format": "MM/dd/yyyy HH:mm:ss ZZZ"}}, not {text!r} '
            f"({error})"
        ) from None


def _endpoint(reader: _Reader) -> str | None:
    """`endpointUrl`, or `endpoint` as read_kinesis calls it."""
    url, endpoint = reader.text("endpointUrl"), reader.text("endpoint")
    found = url or endpoint
    if found and not re.match(r"https?://[^/\s]", found):
        raise OptionError(f"option endpointUrl: expected http://... or https://..., not {found!r}")
    return found


def _check_keys(options: Options) -> None:
    if (options.access_key is None) != (options.secret_key is None):
        raise OptionError("option awsAccessKey: expected together with awsSecretKey, or neither")
    if options.session_token and not options.access_key:
        raise OptionError("option awsSessionToken: expected together with awsAccessKey and awsSecretKey")
    if options.role_external_id and not options.role_arn:
        raise OptionError("option roleExternalId: expected together with roleArn")


def _positive(text: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,17}", text):
        raise ValueError("a positive integer")
    return int(text)


def _rate(text: str) -> float:
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


def _duration(text: str) -> float:
    return _quantity(text, _SECONDS, "a duration like 200ms, 10s or 2m")


def _fetch_period(text: str) -> float:
    seconds = _duration(text)
    if seconds < MIN_FETCH_SECONDS:
        raise ValueError("200ms or more, for Kinesis allows 5 reads a second of a shard")
    return seconds


def _size(text: str) -> int:
    return int(_quantity(text, _BYTES, "a size like 10mb or 2gb"))


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("true or false")
    return text.lower() == "true"


def _polling(text: str) -> None:
    if text.lower() != "polling":
        raise ValueError("polling: enhanced fan-out is not supported")
