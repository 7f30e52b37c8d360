"""The options of `format("kinesis")`: names and defaults as Databricks documents them.

Contract: https://docs.databricks.com/aws/en/connect/streaming/kinesis/ and the read_kinesis function.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import OptionError
from .timestamps import to_millis
from .values import boolean, duration, fetch_period, polling, positive, rate, size

# Spark sends prefetched records to the executors inside the tasks, which it refuses over 128 MiB
# (spark.rpc.message.maxSize); 64 MiB, one page of 10 MB per shard on top, stays under it.
MAX_BUFFER_BYTES = 64 * 1024**2
# What Kinesis gives in one read.
MAX_PAGE_RECORDS = 10_000

# Accepted, so that notebooks of Databricks run unchanged.
WITHOUT_EFFECT = (
    # They tune its own machinery.
    "coalesce",
    "coalesceBinSize",
    "coalesceThresholdBlockSize",
    "maxShardsPerDescribe",
    "reuseKinesisClient",
    # They are for enhanced fan-out; a notebook may set them beside consumerMode=polling.
    "consumerName",
    "consumerNamePrefix",
    "consumerRefreshInterval",
    "registeredConsumerId",
    "registeredConsumerIdType",
    "requireConsumerDeregistration",
    # Those of files, which many notebooks set; Databricks ignores them. The columns are always the same.
    "format",
    "inferSchema",
)


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
    shards_per_task: int
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
        max_records_per_trigger=reader.value("maxRecordsPerTrigger", positive, None),
        max_records_per_fetch=min(reader.value("maxRecordsPerFetch", positive, 10_000), MAX_PAGE_RECORDS),
        max_fetch_bytes_per_second=reader.value("maxFetchRate", rate, 1.0) * 1e6,
        min_fetch_seconds=reader.value("minFetchPeriod", fetch_period, 0.4),
        max_fetch_seconds=reader.value("maxFetchDuration", duration, 10.0),
        fetch_buffer_bytes=min(reader.value("fetchBufferSize", size, MAX_BUFFER_BYTES), MAX_BUFFER_BYTES),
        shards_per_task=reader.value("shardsPerTask", positive, 5),
        look_seconds=reader.value("shardFetchInterval", duration, 10.0),
        client_retries=reader.value("clientRetries", positive, 5),
        fail_on_data_loss=reader.value("failOnDataLoss", boolean, True),
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
    reader.value("consumerMode", polling, None)
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
