"""The cost of logging in to Kafka: the REST proxy's and the streaming writer's speed with SASL, against plain text.

Starts two stacks of its own, one for each, side by side; they are measured in turns, so that whatever else the machine
does meets both alike.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from bench.ingest import Sent, fresh_topic, in_process, produce_raw, through_proxy
from bench.proxy import launch_proxy
from bench.report import Row, report
from bench.streaming import TOPIC_RATES, Watch, measure_topic
from common import health
from common.settings import Settings
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics
from stack.local.isolated import ServiceProcess, launch_server, make_settings

PACKAGES = ("confluent-kafka", "pyspark")
KINDS = ("plaintext", "sasl")

Measured = dict[str, list[float]]  # by kind, one figure a round


def main(
    records: Annotated[int, typer.Option(help="With 500 a request, and by the raw producer.")] = 100_000,
    requests: Annotated[int, typer.Option(help="With one record each.")] = 4_000,
    rounds: Annotated[
        int,
        typer.Option(
            help="Of the producer and the proxy, of which the best counts; the writers have one each."
        ),
    ] = 3,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    with stack() as of:
        raw = in_turns(of, rounds, lambda settings, topic: in_process(produce_raw, settings, topic, records))
        many = in_turns(of, rounds, lambda settings, topic: sent(settings, topic, 500, records // 500).rate)
        one = in_turns(of, rounds, lambda settings, topic: sent(settings, topic, 1, requests).percentile(50))
        # One writer runs at a time.
        waits = {kind: quantiles(through_writer(settings), n=100) for kind, settings in of.items()}
    report(
        "Kafka's login: SASL against plain text",
        [
            compared("raw producer", "records/s", raw, max),
            compared("REST proxy, 500 a request", "records/s", many, max),
            compared("REST proxy, 1 a request: p50", "ms", one, min),
            *(
                Row(
                    f"Kafka to Postgres, {TOPIC_RATES[0]:,} records/s: p{each}",
                    waits["sasl"][each - 1],
                    "s",
                    waits["plaintext"][each - 1],
                )
                for each in (50, 95)
            ),
        ],
        packages=PACKAGES,
        write=write,
    )


@contextmanager
def stack() -> Iterator[dict[str, Settings]]:
    """Two brokers and two REST proxies, one LocalStack and one Postgres, in a folder that is removed at the end."""
    with TemporaryDirectory() as folder, ExitStack() as servers:
        shared = make_settings(Path(folder, "shared"))
        for name in ("localstack", "postgres"):
            launch_server(servers, shared, name)
        ensure_schema(shared)
        yield {kind: with_kafka(servers, shared, Path(folder, kind), kind) for kind in KINDS}


def with_kafka(servers: ExitStack, shared: Settings, folder: Path, kind: str) -> Settings:
    """Return the settings of a broker and a REST proxy that are up; S3, Kinesis and Postgres are the shared ones."""
    own = make_settings(folder, KAFKA_SECURITY=kind, KAFKA_PARTITIONS=3).environment()
    names = [name for name in own if name.startswith(("KAFKA_", "REST_PROXY_"))]
    # Names of its own: the rows' key is the record's place in a topic, and the broker is not part of it.
    apart = {"STATE_DIR": folder, "USER_ID": f"with{kind}", "PIN_STREAMING_TOPIC": f"pin-{kind}"}
    settings = shared.replace(**apart, **{name: own[name] for name in names})
    launch_server(servers, settings, "kafka")
    ensure_bucket(settings)
    ensure_streams(settings)
    ensure_rights(settings)
    ensure_pin_topics(settings)
    launch_proxy(servers, settings)
    return settings


def in_turns(of: dict[str, Settings], rounds: int, measure: Callable[[Settings, str], float]) -> Measured:
    """Measure each kind `rounds` times on a fresh topic; the kinds take turns."""
    found: Measured = {kind: [] for kind in of}
    with ExitStack() as topics:
        names = {kind: topics.enter_context(fresh_topic(settings)) for kind, settings in of.items()}
        for _ in range(rounds):
            for kind, settings in of.items():
                found[kind].append(measure(settings, names[kind]))
    return found


def sent(settings: Settings, topic: str, size: int, requests: int) -> Sent:
    """Send so many requests of `size` records each over one connection to the proxy."""
    return through_proxy(settings, topic, 1, size, requests)


def through_writer(settings: Settings) -> list[float]:
    """Return the seconds that each record took with a writer that is started for it and stopped."""
    watch = Watch()
    writer = ServiceProcess(settings, "spark_jobs.streaming", log=settings.state_dir / "writer.log")
    with writer:
        writer.wait_healthy(lambda: health.problem("streaming-writer", settings) is None)
        measure_topic(settings, TOPIC_RATES[0], watch, "experimental_data", warm_up=60)
    return watch.latencies()


def compared(what: str, unit: str, measured: Measured, best: Callable[[list[float]], float]) -> Row:
    """Return the row of a measurement: the best round with SASL, and as its baseline the best in plain text."""
    return Row(what, best(measured["sasl"]), unit, best(measured["plaintext"]))


if __name__ == "__main__":
    typer.run(main)
