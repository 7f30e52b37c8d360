"""Read what the S3 sink, the streaming writer and provisioning say of themselves (`common.state_file`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.settings import Settings
from common.state_file import news


@dataclass(frozen=True)
class Sink:
    """The S3 sink: by topic and partition the offset after the last landed record; `problem` as it says it."""

    problem: str | None = None
    landed: Mapping[tuple[str, int], int] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamQuery:
    """A query of the streaming writer: records that wait and the age in seconds of the oldest, None while unknown."""

    problem: str | None = None
    last_error: str | None = None
    waiting: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Writer:
    """The streaming writer, and its queries by name."""

    problem: str | None = None
    queries: Mapping[str, StreamQuery] = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket:
    """The bucket as provisioning sees it; `rebuild` is at what a lost one's rebuild is, or None."""

    problem: str | None = None
    rebuild: str | None = None


def read_sink(settings: Settings) -> Sink:
    """Read the S3 sink's file."""
    state = news(settings.state_dir, "s3-sink")
    known = [each for each in state.get("partitions", []) if each["next"] is not None]
    return Sink(state["problem"], {(each["topic"], each["partition"]): each["next"] for each in known})


def read_writer(settings: Settings) -> Writer:
    """Read the streaming writer's file."""
    state = news(settings.state_dir, "streaming-writer")
    names = {
        "problem": "problem",
        "last_error": "last_error",
        "waiting": "lag_records",
        "seconds": "lag_seconds",
    }
    queries = {
        each["name"]: StreamQuery(**{name: each[key] for name, key in names.items()})
        for each in state.get("queries", [])
    }
    return Writer(state["problem"], queries)


def read_bucket(settings: Settings) -> Bucket:
    """Read provisioning's file."""
    state = news(settings.state_dir, "provision")
    return Bucket(state["problem"], state["rebuild"] if state.get("bucket_lost") else None)
