"""Make of the readings what a page shows: boxes with what they hold, arrows with what waits, and what is down."""

from dataclasses import dataclass

from dashboard.history import History
from dashboard.readings.tables import Count
from dashboard.stages import (
    DELTA_BATCH,
    DELTA_SPEED,
    GATEWAY,
    LANDING,
    POSTGRES_BATCH,
    POSTGRES_SPEED,
    SOURCE,
    STREAMS,
    TOPICS,
    Readings,
    are_of_aws,
    counts,
    not_cleaned,
    not_landed,
    not_sent,
    query,
    remember,
)
from dashboard.status import (
    OF_AWS,
    UP,
    State,
    Status,
    by_its_word,
    by_reading,
    down,
    unless_left_out,
    worst,
)
from dashboard.wording import age, amount

UNKNOWN = "?"


@dataclass(frozen=True)
class Box:
    """A stage that holds records: its name, what it holds, what comes a second, whether it works."""

    name: str
    count: str
    rate: str
    status: Status


@dataclass(frozen=True)
class Arrow:
    """A program that moves records from one box to another: what waits for it, whether it works."""

    start: str
    end: str
    name: str
    waiting: str
    status: Status


@dataclass(frozen=True)
class Flow:
    """The picture; `is_empty`: nothing has been sent yet, as far as is known."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    is_empty: bool

    def troubles(self, state: State) -> dict[Status, list[str]]:
        """Return the statuses of this state, each with the names of the boxes and arrows that have it."""
        parts: tuple[Box | Arrow, ...] = (*self.boxes, *self.arrows)
        found: dict[Status, list[str]] = {}
        for part in parts:
            if part.status.state is state and part.name not in found.setdefault(part.status, []):
                found[part.status].append(part.name)
        return found


def draw(readings: Readings, history: History, profiles: str) -> Flow:
    """Return the picture of these readings.

    Args:
        readings: what was last read.
        history: what was read before; these readings are added to it.
        profiles: the Compose profiles that are chosen (COMPOSE_PROFILES).
    """
    remember(history, readings)
    held = counts(readings)
    arrows = (
        *_sending(readings),
        *_batch_path(readings, profiles),
        *_speed_path(readings, profiles),
    )
    is_empty = GATEWAY in held and held[GATEWAY].rows == 0 and not query(readings, "speed").waiting
    return Flow(_boxes(readings, held, history), arrows, is_empty)


def _boxes(readings: Readings, held: dict[str, Count], history: History) -> tuple[Box, ...]:
    aws, postgres = _aws(readings), by_reading(readings.tables, "postgres")
    # LocalStack may work and have lost the bucket, which provisioning knows, of a bucket of AWS too.
    bucket = worst(aws, by_its_word(readings.bucket, "provision"))
    delta = worst(bucket, by_reading(readings.delta, "localstack"))
    statuses = {
        SOURCE: ("post", by_reading(readings.posts, "mysql")),
        GATEWAY: ("record", aws),
        TOPICS: ("record", by_reading(readings.topics, "kafka")),
        STREAMS: ("record", aws),
        LANDING: ("record", bucket),
        DELTA_BATCH: ("row", delta),
        POSTGRES_BATCH: ("row", postgres),
        DELTA_SPEED: ("row", delta),
        POSTGRES_SPEED: ("row", postgres),
    }
    return tuple(
        Box(name, _counted(held.get(name), unit), _rate(history, name, status), status)
        for name, (unit, status) in statuses.items()
    )


def _aws(readings: Readings) -> Status:
    return OF_AWS if are_of_aws(readings) else by_reading(readings.aws, "localstack")


def _sending(readings: Readings) -> tuple[Arrow, ...]:
    proxy = by_reading(readings.proxy, "rest-proxy")
    return (
        Arrow(SOURCE, GATEWAY, "emulator", _known(not_sent(readings), "{:,} not sent"), UP),
        Arrow(GATEWAY, TOPICS, "REST proxy", _known(readings.proxy.value, "{:,} in flight"), proxy),
        Arrow(GATEWAY, STREAMS, "PutRecords", "", _aws(readings)),
    )


def _batch_path(readings: Readings, profiles: str) -> tuple[Arrow, ...]:
    sink = by_its_word(readings.sink, "s3-sink")
    # Airflow starts the batch job, which runs now and then: it cannot be down itself.
    job = unless_left_out(
        by_reading(readings.airflow, "airflow-scheduler"), "airflow", profiles, "`make batch` runs it."
    )
    return (
        Arrow(TOPICS, LANDING, "S3 sink", _known(not_landed(readings), "{:,} waiting"), sink),
        Arrow(LANDING, DELTA_BATCH, "batch job", _not_cleaned(readings), job),
        Arrow(DELTA_BATCH, POSTGRES_BATCH, "batch job", "", job),
    )


def _speed_path(readings: Readings, profiles: str) -> tuple[Arrow, ...]:
    return (
        _query(readings, profiles, "delta", DELTA_SPEED),
        _query(readings, profiles, "speed", POSTGRES_SPEED),
    )


def _query(readings: Readings, profiles: str, name: str, end: str) -> Arrow:
    writer, found = by_its_word(readings.writer, "streaming-writer"), query(readings, name)
    status = unless_left_out(writer, "stream", profiles, "`make stream` starts it.")
    if found.problem:
        status = down("streaming-writer", found.problem)
    return Arrow(STREAMS, end, f"writer: {name}", _waiting(found.waiting, found.seconds), status)


def _not_cleaned(readings: Readings) -> str:
    last = readings.tables.value.last_run_seconds if readings.tables.value else None
    when = "no run yet" if last is None else f"last run {age(last)} ago"
    return _known(not_cleaned(readings), "{:,} waiting, " + when)


def _waiting(records: int | None, seconds: float | None) -> str:
    """Return what waits for a program: the records, and the age of the oldest where it is known."""
    return _known(records, "{:,} waiting") + (
        "" if records is None or seconds is None else f", {age(seconds)}"
    )


def _known(count: int | None, form: str) -> str:
    return UNKNOWN if count is None else form.format(count)


def _counted(count: Count | None, unit: str) -> str:
    if count is None:
        return UNKNOWN
    return amount(count.rows, unit) if count.exact else f"about {amount(count.rows, unit)}"


def _rate(history: History, name: str, status: Status) -> str:
    """Return what comes in a second; nothing where that is not known, or is of before it went down."""
    rate = history.rate(name)
    return "" if rate is None or status.state not in (State.UP, State.UNASKED) else f"{rate:,.0f}/s"
