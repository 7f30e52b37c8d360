"""Wait until the landing zone holds what Kafka holds now: `python -m services.s3_sink.catch_up`."""

from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from rich.console import Console

from common import health
from common.command import run_command
from common.kafka_security import client_options
from common.progress import Reading, wait_while_it_moves
from common.settings import Settings, load_settings
from common.terminal import make_console
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from services.s3_sink.zone import LandingZone, StaleEnd, Unavailable

# However slow the sink is (an object for each record: 85 records/s), it lands something every second. A restart of it,
# or of LocalStack, takes 120 s at the most on two busy cores.
_STALLED_SECONDS = 300.0
_INTERVAL_SECONDS = 0.1
_KAFKA_SECONDS = 10.0  # a broker on loopback answers in milliseconds


def end_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """Kafka's end offset of each partition of the three topics, now."""
    options = client_options(settings, Principal.OPERATIONS)
    consumer = Consumer({**options, "group.id": f"{settings.user_id}-operations"})
    try:
        topics = consumer.list_topics(timeout=_KAFKA_SECONDS).topics
        if absent := {settings.topic(table) for table in TABLES} - topics.keys():
            raise KafkaException(
                KafkaError(
                    KafkaError.UNKNOWN_TOPIC_OR_PART, f"no topic {', '.join(sorted(absent))}: `make up`"
                )
            )
        partitions = [
            TopicPartition(settings.topic(table), number)
            for table in TABLES
            for number in topics[settings.topic(table)].partitions
        ]
        return {one: consumer.get_watermark_offsets(one, timeout=_KAFKA_SECONDS)[1] for one in partitions}
    finally:
        consumer.close()


def missing(zone: LandingZone, ends: dict[TopicPartition, int]) -> int:
    """Return how many offsets below `ends` have not landed."""
    return sum(max(0, end - zone.tail(one.topic, one.partition).next) for one, end in ends.items())


def not_landed(zone: LandingZone, ends: dict[TopicPartition, int]) -> list[str]:
    """The offsets below `ends` that have not landed, as `<topic>[<partition>] offsets 10 to 19`."""
    tails = ((one, zone.tail(one.topic, one.partition).next, end) for one, end in ends.items())
    return [
        f"{one.topic}[{one.partition}] offsets {next_offset} to {end - 1}"
        for one, next_offset, end in tails
        if next_offset < end
    ]


def lost_by_kafka(settings: Settings, zone: LandingZone) -> list[str]:
    """Return, of each partition that ends before its landing zone does, which offsets Kafka has lost, as a sentence."""
    # In this order: whatever lands meanwhile was in Kafka before.
    tails = {one: zone.tail(one.topic, one.partition).next for one in end_offsets(settings)}
    return [
        f"{one.topic}[{one.partition}]: Kafka has lost offsets {end} to {tails[one] - 1}, which have landed; see"
        ' docs/troubleshooting.md, "this partition does not land"'
        for one, end in end_offsets(settings).items()
        if end < tails.get(one, 0)
    ]


def main() -> None:
    """Return once all that was in Kafka at the start has landed; status 1 where it does not."""
    settings = load_settings()
    console = make_console(stderr=True)
    try:
        health.kafka(settings)
        landed = wait_for_landing(settings, console)
    except health.Unhealthy as reason:
        console.print(f"Not landed: {reason}. `make up` starts the stack.")
        raise SystemExit(1) from None
    except (KafkaException, TimeoutError, ValueError) as error:
        console.print(f"Not landed: {error}. See `make status` and `make logs SERVICE=s3-sink`.")
        raise SystemExit(1) from None
    console.print(f"Landed: {landed:,} records in s3://{settings.bucket}/topics/.", highlight=False)


def wait_for_landing(settings: Settings, console: Console) -> int:
    """Wait until all that is in Kafka now has landed; returns how many records that is.

    Raises:
        confluent_kafka.KafkaException: Kafka does not answer, or a topic is missing.
        TimeoutError: nothing has landed for 300 s.
        ValueError: there is an object in the landing zone that the sink did not write, or Kafka ends before it does.
    """
    zone, ends = LandingZone(settings), end_offsets(settings)
    total = left = sum(ends.values())

    def look() -> Reading:
        nonlocal left
        with suppress(StaleEnd, Unavailable):  # it cannot be read for now: no progress
            now = missing(zone, ends)
            if not now and (lost := lost_by_kafka(settings, zone)):
                raise ValueError("; ".join(lost))
            left = now
        return Reading(left, f"{total - left:,} of {total:,} records have landed")

    what = "Waiting for the S3 sink to land what is in Kafka ..."
    wait_while_it_moves(console, what, look, patience=_STALLED_SECONDS, interval=_INTERVAL_SECONDS)
    return total


if __name__ == "__main__":
    run_command(main, "make landed")
