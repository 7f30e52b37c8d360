"""Read the properties of Confluent's S3 sink connector as the course writes them, and say what they are to this sink.

Pure. Names and values are those of Confluent's "Configuration Reference for Amazon S3 Sink Connector". A property is
applied, or it asks for what the sink does anyway, or it has no meaning here; any other one is refused by its name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from common.settings import Settings
from contracts.tables import TABLES
from services.s3_sink.buffer import Limits

_CONNECT, _CONFLUENT = "org.apache.kafka.connect", "io.confluent.connect"
# Why a property has no effect; those of confluent.topic are a prefix.
_NO_MEANING = {
    "name": "there is one sink",
    "tasks.max": "one process lands all partitions",
    "schema.compatibility": "there are no schemas",
    "schema.cache.size": "there are no schemas",
    "key.converter": "keys do not land",
    "key.converter.schemas.enable": "keys do not land",
    "header.converter": "headers do not land",
    "s3.part.size": "an object is put in one piece",
    "retry.backoff.ms": "the sink tries again by itself",
    "s3.retry.backoff.ms": "the sink tries again by itself",
    "s3.part.retries": "the sink tries again by itself",
    "timezone": "no time is part of a key",
    "locale": "no time is part of a key",
    "confluent.license": "there is no licence",
}
_ALTERNATIVES = (("topics", "topics.regex"), ("rotate.interval.ms", "rotate.schedule.interval.ms"))
# What regular expressions of Java, Python and POSIX agree on.
_REGEX = re.compile(r"(?!.*\(\?)(?:[\w.|*+?^$\[\]()-]|\\[.+*?|^$()\[\]-])+")


class ConnectorError(ValueError):
    """Properties that this sink cannot fulfil; the message has a line for each."""


@dataclass(frozen=True)
class Connector:
    """The topics that land, and the limits at which an object is closed.

    Attributes:
        topics: names; or one regular expression of names, which begins with ^ for librdkafka to know it.
        limits: the limits of an object.
        notes: a sentence for each property that was read, none where the sink runs by its settings alone.
    """

    topics: tuple[str, ...]
    limits: Limits
    notes: tuple[str, ...] = ()

    @property
    def applied(self) -> list[str]:
        """Return the notes of the properties that change what the sink does."""
        return [note for note in self.notes if note.partition("=")[0] in _APPLIED]


def by_settings(settings: Settings) -> Connector:
    """Return what holds without a connector's properties."""
    limits = Limits(
        settings.s3_sink.flush_records, settings.s3_sink.flush_bytes, settings.s3_sink.flush_seconds
    )
    return Connector(tuple(settings.topic(table) for table in TABLES), limits)


def parse(text: str) -> dict[str, str]:
    """Return the properties of a file, by name; of a name that is given twice the last value counts.

    Raises:
        ConnectorError: a line is no property.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if line and line[0] not in "#!":
            name, equals, value = line.partition("=")
            if not equals:
                raise ConnectorError(f"line {number} is not name=value: {line}")
            found[name.strip()] = value.strip()
    return found


def from_properties(settings: Settings, properties: Mapping[str, str]) -> Connector:
    """Return what the properties ask for; what they do not speak of is as the settings have it.

    Raises:
        ConnectorError: the sink does not do what some of them ask for.
    """
    connector, notes, refused = by_settings(settings), [], []
    known = _APPLIED.keys() | _only(settings).keys()
    for name, value in properties.items():
        shown = f"{name}={value}" if name in known else name  # any other may be a password
        try:
            connector, note = _take(settings, connector, name, value)
            notes.append(f"{shown}: {note}")
        except ConnectorError as error:
            refused.append(f"{shown}: {error}")
    refused += [
        f"{one} and {other}: give one of them"
        for one, other in _ALTERNATIVES
        if {one, other} <= {*properties}
    ]
    if refused:
        raise ConnectorError("\n".join(refused))
    return replace(connector, notes=tuple(notes))


def _take(settings: Settings, connector: Connector, name: str, value: str) -> tuple[Connector, str]:
    if apply := _APPLIED.get(name):
        return apply(settings, connector, value)
    if (only := _only(settings).get(name)) is not None:
        if value != only:
            raise ConnectorError(f"here it is always {only}{_REMEDIES.get(name, '')}")
        return connector, "as the sink does it"
    if why := "the topic is for a licence" if name.startswith("confluent.topic") else _NO_MEANING.get(name):
        return connector, f"without effect, since {why}"
    raise ConnectorError("the sink does not know this property; leave it out")


def _only(settings: Settings) -> dict[str, str]:
    """Return the one value that a property may have."""
    return {
        "connector.class": f"{_CONFLUENT}.s3.S3SinkConnector",
        "storage.class": f"{_CONFLUENT}.s3.storage.S3Storage",
        "format.class": f"{_CONFLUENT}.s3.format.json.JsonFormat",
        "partitioner.class": f"{_CONFLUENT}.storage.partitioner.DefaultPartitioner",
        "value.converter": f"{_CONNECT}.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "s3.bucket.name": settings.bucket,
        "s3.region": settings.aws.region,
        "s3.compression.type": "none",
        "topics.dir": "topics",
        "directory.delim": "/",
        "file.delim": "+",
        "filename.offset.zero.pad.width": "10",
    }


_REMEDIES = {
    "s3.bucket.name": ", after USER_ID in .env",
    "s3.region": ", by AWS_REGION in .env",
}


def _topics(settings: Settings, connector: Connector, value: str) -> tuple[Connector, str]:
    names = tuple(name for each in value.split(",") if (name := each.strip()))
    _check_ours(settings, names.__contains__)
    return replace(connector, topics=names), "these topics land"


def _topics_regex(settings: Settings, connector: Connector, value: str) -> tuple[Connector, str]:
    try:
        pattern = re.compile(value)
    except re.error as error:
        raise ConnectorError(f"not a regular expression: {error}") from None
    if not _REGEX.fullmatch(value):
        raise ConnectorError(
            "of regular expressions only letters, digits, . _ - \\ | * + ? ^ $ ( ) [ ] are taken"
        )
    _check_ours(settings, lambda name: pattern.fullmatch(name) is not None)
    return replace(connector, topics=(f"^({value})$",)), "every topic of such a name lands, also a later one"


def _check_ours(settings: Settings, lands: Callable[[str], bool]) -> None:
    if left_out := [name for name in map(settings.topic, TABLES) if not lands(name)]:
        raise ConnectorError(f"it leaves out {', '.join(left_out)}, which the batch path needs")


def _flush_size(_settings: Settings, connector: Connector, value: str) -> tuple[Connector, str]:
    records = _integer(value, least=1)
    limits = replace(connector.limits, records=records)
    return replace(connector, limits=limits), f"an object has up to {records:,} record{'s' * (records > 1)}"


def _rotate(_settings: Settings, connector: Connector, value: str) -> tuple[Connector, str]:
    if value == "-1":
        return connector, f"an object is closed after {connector.limits.seconds:g} s all the same"
    seconds = _integer(value, least=1) / 1000
    limits = replace(connector.limits, seconds=seconds)
    return replace(connector, limits=limits), f"an object is closed {seconds:g} s after its first record"


def _integer(value: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", value) or int(value) < least:
        raise ConnectorError(f"should be a whole number from {least} on")
    return int(value)


_APPLIED: dict[str, Callable[[Settings, Connector, str], tuple[Connector, str]]] = {
    "topics": _topics,
    "topics.regex": _topics_regex,
    "flush.size": _flush_size,
    "rotate.interval.ms": _rotate,
    "rotate.schedule.interval.ms": _rotate,
}
