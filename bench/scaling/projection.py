"""Compute what a rate of posts takes of each part: the table of docs/scaling.md.

Pure. CPU seconds are those of the measurement; the limits of AWS' services are those of the documents that
docs/scaling.md names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import ceil

RATES = (1_000, 100_000, 10_000_000)  # posts a second
RECORDS = 3  # of a post: pin, geo, user
POST_BYTES = (750, 110, 100)  # of those records, as JSON
BUSY = 0.6  # how much of a core is planned for: the rest is for peaks, restarts and what the measurement left out
DAY, HOUR = 86_400, 3_600
REPLICAS = 3
# A broker writes all copies that it holds: half of MSK's default volume, 250 MiB/s.
BROKER_BYTES = 125 * 1024**2
LEAST_BROKERS = 3
PARTITION_BYTES = (
    5_000_000  # a second, so that a consumer that was down for an hour catches up at several times that
)
SHARD_RECORDS, SHARD_BYTES = 1_000, 1_000_000  # a second
OBJECT_RECORDS, OBJECT_SECONDS = 10_000, 2.0  # S3_SINK_FLUSH_RECORDS, S3_SINK_FLUSH_SECONDS
RUN_SHARE = 0.5  # of the hour that an hourly batch run may take


@dataclass(frozen=True)
class Costs:
    """CPU seconds.

    Attributes:
        proxy_single: the REST proxy's for a record that comes alone in its request.
        proxy_many: the same, for one of 500 in a request.
        kafka: the broker's for a record that is produced in batches and read once.
        sink: the S3 sink's for a record.
        writer: the streaming writer's for a record.
        upsert: Postgres' for a record of the streaming writer.
        batch: driver's and executors' for a post in a batch run.
        copy: Postgres' for a post in a batch run.
    """

    proxy_single: float
    proxy_many: float
    kafka: float
    sink: float
    writer: float
    upsert: float
    batch: float
    copy: float


@dataclass(frozen=True)
class Need:
    """The amount of a part that each of RATES takes; `cost` says what it is computed from."""

    part: str
    unit: str
    cost: str
    amounts: tuple[float, ...]


def needs(costs: Costs) -> list[Need]:
    """Return what each part needs, in the order of the flow."""

    def need(part: str, unit: str, cost: str, of: Callable[[int], float]) -> Need:
        return Need(part, unit, cost, tuple(map(of, RATES)))

    def cores(part: str, seconds: float, of: str = "record") -> Need:
        a_post = RECORDS if of == "record" else 1
        cost = f"{micro(seconds)} a {of}"
        return need(part, "cores", cost, lambda rate: ceil(rate * a_post * seconds / BUSY))

    size = sum(POST_BYTES)
    run = f"{micro(costs.batch)} a post"
    return [
        need("records", "a second", f"{RECORDS} a post", lambda rate: rate * RECORDS),
        need("data", "MB/s", f"{size} B a post", lambda rate: rate * size / 1e6),
        need("data", "TB a day", "", lambda rate: rate * size * DAY / 1e12),
        cores("REST proxies, 500 records a request", costs.proxy_many),
        cores("REST proxies, 1 record a request", costs.proxy_single),
        cores("Kafka's brokers, without their replicas", costs.kafka),
        need("Kafka's brokers, by what they write", "brokers", "3 replicas", _brokers),
        need("partitions, of all topics", "", "5 MB/s each", partial(_partitions, costs)),
        cores("S3 sinks", costs.sink),
        need("objects put into S3", "a second", "", partial(_objects, costs)),
        need("Kinesis, all three streams", "shards", "1 MB/s, 1,000 records/s", _shards),
        cores("streaming writers", costs.writer),
        cores("Postgres, rows of the stream", costs.upsert),
        need("batch run each hour", "cores", run, partial(_run, costs)),
        cores("Postgres, rows of the batch runs", costs.copy, "post"),
        need("rows in Postgres after 30 days", "billions", "", lambda rate: rate * RECORDS * 30 * DAY / 1e9),
    ]


def _brokers(rate: int) -> int:
    return max(LEAST_BROKERS, ceil(rate * sum(POST_BYTES) * REPLICAS / BROKER_BYTES))


def _partitions(costs: Costs, rate: int) -> int:
    """Return enough for the bytes of each topic, and one for each core of the sinks."""
    sinks = ceil(rate * costs.sink / BUSY)
    return sum(max(ceil(rate * size / PARTITION_BYTES), sinks) for size in POST_BYTES)


def _objects(costs: Costs, rate: int) -> int:
    """Return a second's: those that are full, or one of each partition whenever its time is up."""
    return ceil(max(rate * RECORDS / OBJECT_RECORDS, _partitions(costs, rate) / OBJECT_SECONDS))


def _shards(rate: int) -> int:
    return sum(ceil(max(rate / SHARD_RECORDS, rate * size / SHARD_BYTES)) for size in POST_BYTES)


def _run(costs: Costs, rate: int) -> int:
    return ceil(rate * HOUR * costs.batch / (HOUR * RUN_SHARE * BUSY))


def micro(seconds: float) -> str:
    """`12.3 µs`."""
    return f"{seconds * 1e6:.3g} µs"


def table(found: list[Need]) -> str:
    """Return the needs as a table of Markdown."""
    head = ["part", "unit", "computed from", *(f"{rate:,} posts/s" for rate in RATES)]
    rows = [[each.part, each.unit, each.cost, *(amount(value) for value in each.amounts)] for each in found]
    return "\n".join(
        f"| {' | '.join(cells)} |" for cells in [head, [*["---"] * 3, *["---:"] * len(RATES)], *rows]
    )


def amount(value: float) -> str:
    """`12,300` with three significant digits from a hundred on, one digit after the point below ten."""
    if value < 10 and value != int(value):
        return f"{value:.2g}"
    digits = max(0, len(str(int(value))) - 3)
    return f"{round(value, -digits):,.0f}"
