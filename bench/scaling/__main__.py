"""`python -m bench.scaling`: what a record costs each part, and what more proxies, sinks, partitions and workers give.

Starts servers of its own. What was measured stands in the table against what `bench.scaling.model` says for this
machine's cores; what a rate of posts takes (`bench.scaling.projection`) goes into docs/scaling.md.
"""

import os
from collections.abc import Iterator
from typing import Annotated

import typer

from bench.report import Row, replace_section, report
from bench.scaling import projection, proxies, sinks, workers, writer
from bench.scaling.model import Point, predicted
from bench.scaling.projection import Costs
from bench.streaming import servers
from common.settings import ROOT

PACKAGES = ("pyspark", "delta-spark", "confluent-kafka", "uvicorn", "boto3", "psycopg2-binary")
DOCUMENT = ROOT / "docs" / "scaling.md"
TITLE = "Scaling on one machine: measured against the model"
PARTITIONS = 4  # of each topic
AIM = 0.8  # of what the model says; more than it says is no fault
CORES = os.cpu_count() or 1


def main(
    posts: Annotated[int, typer.Option(help="Posts of a batch run.")] = 100_000,
    records: Annotated[int, typer.Option(help="Records through the streaming writer.")] = 200_000,
    write: Annotated[
        bool, typer.Option(help="Put the tables into docs/benchmarks.md and docs/scaling.md.")
    ] = False,
) -> None:
    """Measure and print."""
    with servers(PARTITIONS) as (settings, pids):
        broker, s3, postgres = ({name: pids[name]} for name in ("kafka", "localstack", "postgres"))
        streamed = writer.measure(settings, broker | postgres, records)
        batches = workers.measure(settings, s3 | postgres, posts)
        served = proxies.measure(settings, pids["kafka"])
        landed = sinks.measure(settings, broker | s3)
    one, batch = landed[sinks.Shape(1, 12)], batches[1]
    costs = Costs(
        proxy_single=served[1][1].shares["proxy"].cpu,
        proxy_many=served[500][1].shares["proxy"].cpu,
        kafka=one.shares["kafka"].cpu,
        sink=one.shares["sink"].cpu,
        writer=streamed.shares["writer"].cpu,
        upsert=streamed.shares["postgres"].cpu,
        batch=batch.shares["driver"].cpu + batch.shares["executors"].cpu,
        copy=batch.shares["postgres"].cpu,
    )
    rows = [
        *_proxies(served),
        *_sinks(landed),
        *_workers(batches),
        *_costs(served, landed, streamed, batches),
    ]
    report(TITLE, rows, packages=PACKAGES, write=write)
    needed = projection.table(projection.needs(costs))
    print(needed)
    if write:
        DOCUMENT.write_text(replace_section(DOCUMENT.read_text(), "what it takes", needed))


def _proxies(served: dict[int, proxies.Points]) -> Iterator[Row]:
    for size, points in served.items():
        for number, point in points.items():
            what = f"{number} REST proxies, {size} records a request"
            yield _row(what, point, predicted(points[1], "proxy", number, CORES) if number > 1 else None)


def _sinks(landed: dict[sinks.Shape, Point]) -> Iterator[Row]:
    first, *others = landed
    yield _row(_shape(first), landed[first], None)
    for shape in others:
        working = min(shape)  # a partition has one sink
        yield _row(_shape(shape), landed[shape], predicted(landed[first], "sink", working, CORES))


def _shape(shape: sinks.Shape) -> str:
    return f"{shape.sinks} S3 sinks, {shape.partitions} partitions"


def _workers(batches: dict[int, Point]) -> Iterator[Row]:
    one = batches[1]
    alone = one.seconds - one.shares["executors"].cpu  # when the worker's core has nothing to do
    for number, point in batches.items():
        what = f"{number} Spark workers of a core, a batch run"
        model = predicted(one, "executors", number, CORES, alone) if number > 1 else None
        yield _row(what, point, model, "posts/s")


def _row(what: str, point: Point, model: float | None, unit: str = "records/s") -> Row:
    """Return a point's row; what the model was given has no baseline."""
    return Row(what, point.rate, unit, model, aim=None if model is None else AIM)


def _costs(
    served: dict[int, proxies.Points],
    landed: dict[sinks.Shape, Point],
    streamed: Point,
    batches: dict[int, Point],
) -> Iterator[Row]:
    points = {
        "1 record a request": served[1][1],
        "500 records a request": served[500][1],
        "landing": landed[sinks.Shape(1, 12)],
        "topic to Postgres": streamed,
        "batch run, a post": batches[1],
    }
    for what, point in points.items():
        for name, share in point.shares.items():
            yield Row(f"{what}: CPU of {name}", share.cpu * 1e6, "µs")


if __name__ == "__main__":
    typer.run(main)
