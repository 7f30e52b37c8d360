"""Wait until the speed path serves what is in the streams now: `python -m operations.streamed`.

A record is served when the place of the last one of its shard is in `speed.places` or `quarantine.stream`: the
streaming writer commits a shard's records in their order. (A shard whose last record is older than another shard's of
the same ind, as after a split, leaves no place; then this gives up in the end, though all is well.)
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import TYPE_CHECKING

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common import health
from common.clients import kinesis_client, postgres_connection
from common.command import run_command
from common.kinesis import shard_ids
from common.progress import Reading, wait_while_it_moves
from common.settings import Settings, load_settings
from common.terminal import make_console
from common.wait import wait_until
from contracts.tables import TABLES

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# A writer that serves at all serves something every few seconds. A restart of it, or of LocalStack, takes 120 s at the
# most on two busy cores, and Spark's first micro-batch after it 60 s: their sum.
_STALLED_SECONDS = 180.0
_INTERVAL_SECONDS = 0.5
# On a machine that is too busy the writer misses the 10 s after which it counts as silent; three times that.
_WRITER_TIMEOUT_SECONDS = 30.0

_PLACES = """
SELECT table_name, shard, max(sequence_number) FROM speed.places GROUP BY table_name, shard
UNION ALL
SELECT stream, shard, max(sequence_number) FROM quarantine.stream GROUP BY stream, shard
"""

Shard = tuple[str, str]  # stream, shard id


def committed(settings: Settings) -> dict[Shard, int]:
    """The highest sequence number of each shard that is in Postgres; 0 for a shard of which none is."""
    streams: dict[str, str] = {table: settings.stream(table) for table in TABLES}
    numbers: dict[Shard, int] = defaultdict(int)
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_PLACES)
        for name, shard, number in cursor:
            place = (streams.get(name, name), shard)
            numbers[place] = max(numbers[place], int(number))
    return numbers


def waiting(settings: Settings, start: Mapping[Shard, int]) -> dict[Shard, list[int]]:
    """The sequence numbers of the records that each shard holds now and that follow its one of `start`."""
    client = kinesis_client(settings)
    return {
        (stream, shard): numbers_after(client, stream, shard, start[stream, shard])
        for stream in map(settings.stream, TABLES)
        for shard in shard_ids(client, stream)
    }


def numbers_after(client: "KinesisClient", stream: str, shard: str, start: int) -> list[int]:
    """Return the sequence numbers of a shard's records that came after `start`, in their order."""
    iterator, numbers = _iterator(client, stream, shard, start), list[int]()
    while iterator:
        page = client.get_records(ShardIterator=iterator)
        numbers += [int(record["SequenceNumber"]) for record in page["Records"]]
        iterator = page.get("NextShardIterator", "") if page["MillisBehindLatest"] else ""
    return numbers


def _iterator(client: "KinesisClient", stream: str, shard: str, start: int) -> str:
    """After `start`, or at the shard's first record where it has none of that number: a stream made anew, or 0."""
    place = partial(client.get_shard_iterator, StreamName=stream, ShardId=shard)
    if start:
        # LocalStack says ResourceNotFound, AWS InvalidArgument; a stream that is missing says so again below.
        with suppress(
            client.exceptions.ResourceNotFoundException, client.exceptions.InvalidArgumentException
        ):
            after = place(ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=str(start))
            return after["ShardIterator"]
    return place(ShardIteratorType="TRIM_HORIZON")["ShardIterator"]


def targets(settings: Settings) -> dict[Shard, list[int]]:
    """The sequence numbers of each shard's records that are to be served: those of now that are not.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: Kinesis does not answer, or lacks a stream.
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    return waiting(settings, committed(settings))


def unserved(wanted: Mapping[Shard, Sequence[int]], numbers: Mapping[Shard, int]) -> dict[str, int]:
    """Return how many of each stream's `wanted` records come after the committed `numbers` of their shards."""
    left = dict.fromkeys((stream for stream, _ in wanted), 0)
    for (stream, shard), records in wanted.items():
        left[stream] += len(records) - bisect_right(records, numbers.get((stream, shard), 0))
    return left


def wait_for_serving(
    settings: Settings,
    wanted: Mapping[Shard, Sequence[int]],
    console: Console,
    patience: float = _STALLED_SECONDS,
) -> None:
    """Return once all records of the `wanted` sequence numbers are served or quarantined.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
        TimeoutError: the streaming writer has served none of them for `patience` seconds.
    """
    total = sum(map(len, wanted.values()))

    def look() -> Reading:
        streams = unserved(wanted, committed(settings))
        left = sum(streams.values())
        each = ", ".join(f"{count:,} of {stream}" for stream, count in streams.items() if count)
        return Reading(left, f"{total - left:,} of {total:,} records are served (left: {each})")

    what = "Waiting for the streaming writer to serve what is in the streams ..."
    wait_while_it_moves(console, what, look, patience=patience, interval=_INTERVAL_SECONDS)


def wait_for_writer(settings: Settings, patience: float = _WRITER_TIMEOUT_SECONDS) -> None:
    """Return once the streaming writer says that it is well.

    Raises:
        TimeoutError: it does not in `patience` seconds; the message says what keeps it from its work.
    """
    problems: list[str | None] = []

    def is_well() -> bool:
        problems[:] = [health.problem("streaming-writer", settings)]
        return problems == [None]

    try:
        wait_until(is_well, timeout=patience, what="the streaming writer to be healthy", interval=0.5)
    except TimeoutError:
        raise TimeoutError(f"the streaming writer is not well: {problems[0]}") from None


def main() -> None:
    """Return once all that was in the streams at the start is served; status 1 where it is not."""
    settings, console = load_settings(), make_console(stderr=True)
    try:
        wanted = targets(settings)
        wait_for_writer(settings)
        wait_for_serving(settings, wanted, console)
    except (BotoCoreError, ClientError, psycopg2.Error, TimeoutError) as error:
        hint = (
            "See `make status` and `make logs SERVICE=streaming-writer`; `make up` starts what has stopped."
        )
        console.print(f"Not served: {str(error).strip()}\n{hint}", soft_wrap=True)
        raise SystemExit(1) from None
    console.print("Served: all that was in the streams.", highlight=False)


if __name__ == "__main__":
    run_command(main, "make streamed")
