"""`python -m operations.verify`, in the Makefile `make verify`: does every hop hold what the one before it gave?"""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from rich.console import Console

from common import health
from common.clients import postgres_connection, s3_client
from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import complain, make_console, note
from common.wait import wait_until
from contracts.tables import TABLES
from operations.verify import loss, proof, show, speed
from operations.verify.batch import BatchStages
from operations.verify.proof import NOTHING, Proof
from operations.verify.run import compare_batch
from operations.verify.speed import SpeedStages
from services.s3_sink.catch_up import end_offsets, lost_by_kafka, not_landed
from services.s3_sink.zone import LandingZone, StaleEnd, Unavailable

# The sink closes an object 2 s after its first record; on a busy machine it may be a minute behind a burst.
_LANDING_SECONDS = 60.0
# The streaming writer's Delta query begins a micro-batch each 30 s, which takes some seconds, more on a busy machine.
_SETTLED = timedelta(seconds=90)

FAILURES = (psycopg2.Error, KafkaException, BotoCoreError, ClientError, TimeoutError, ValueError)


def main() -> None:
    """Compare the stages of both paths; status 1 where they do not add up, with the offsets that are wrong."""
    console, settings = make_console(), load_settings()
    try:
        health.kafka(settings)
        batch = _batch(console, settings)
        fast = _speed(console, settings)
        lost = [*loss.describe(settings, batch), *_lost_by_kafka(settings)]
        problems = [*lost, *_problems(batch), *_problems(fast)]
    except health.Unhealthy as reason:
        console.print(f"Cannot compare: {reason}. `make up` starts the stack.", style="red")
        raise SystemExit(1) from None
    except FAILURES as error:
        console.print(f"Cannot compare: {str(error).strip()}\nSee `make status`.", style="red")
        raise SystemExit(1) from None
    for problem in problems:
        console.print(problem, style="red", soft_wrap=True)
    if problems:
        raise SystemExit(1)
    console.print(show.verdict(fast, _SETTLED.seconds), highlight=False, soft_wrap=True)


def _lost_by_kafka(settings: Settings) -> list[str]:
    try:
        return lost_by_kafka(settings, LandingZone(settings))
    except (StaleEnd, Unavailable):
        return []  # the bucket is going just now; what was read of it stands above


def _problems(stages: Sequence[BatchStages | SpeedStages]) -> list[str]:
    return [problem for each in stages for problem in each.problems]


def _batch(console: Console, settings: Settings) -> list[BatchStages]:
    """Compare the stages of the batch path, and print them."""
    note("Comparing what each hop holds ...")
    batch = compare_batch(settings, _landed_ends(settings))
    known = proof.load(settings, s3_client(settings))
    for each in batch:
        each.problems += _mistaken(each, known.get(each.table, NOTHING))
    console.print(show.batch(batch))
    console.print(show.trusted(batch, known), highlight=False, soft_wrap=True)
    return batch


def _mistaken(stages: BatchStages, known: Proof) -> list[str]:
    """Return where scheduled runs go by what is not so."""
    return [
        f"{stages.table}: scheduled runs take {what} for what it was, and it has changed: `make trigger FULL=1`"
        for what in proof.mistaken(known, stages.proved)
    ]


def _speed(console: Console, settings: Settings) -> list[SpeedStages]:
    """Compare the stages of the speed path, and print them."""
    until = datetime.now(UTC) - _SETTLED
    with closing(postgres_connection(settings, "analyst")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        fast = [speed.check(settings, connection, table, until) for table in TABLES]
    console.print(
        f"Rows below: of records that came up to {until:%H:%M:%S} UTC, {_SETTLED.seconds} s ago. Later ones may be"
        " in Postgres and not yet in Delta.",
        highlight=False,
    )
    console.print(show.speed(fast))
    for unread in filter(None, (each.note for each in fast)):
        console.print(unread, style="yellow", markup=False, soft_wrap=True)
    return fast


def _landed_ends(settings: Settings) -> dict[str, dict[int, int]]:
    """Kafka's end offsets of now, by topic and partition, once all below them had its time to land.

    What has not landed by then shows as missing.
    """
    zone, ends = LandingZone(settings), end_offsets(settings)

    def caught_up() -> bool:
        try:
            # What lands again after a loss may take minutes: how far that is, is part of the answer.
            return not not_landed(zone, ends) or loss.is_lost(settings)
        except (StaleEnd, Unavailable):
            return False

    try:
        wait_until(caught_up, timeout=_LANDING_SECONDS, what="the landing zone to catch up", interval=0.5)
    except TimeoutError:
        complain("The S3 sink does not catch up with Kafka: see `make logs SERVICE=s3-sink`.")
    found: dict[str, dict[int, int]] = {}
    for one, end in ends.items():
        found.setdefault(one.topic, {})[one.partition] = end
    return found


if __name__ == "__main__":
    run_command(main, "make verify")
