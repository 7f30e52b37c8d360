"""`python -m emulator`: replay the source rows as posts through the HTTP API."""

from collections.abc import Iterable, Mapping
from threading import Event
from time import monotonic
from typing import Annotated

import mysql.connector
import typer
import urllib3
from rich.console import Console

from emulator.interrupt import Interrupt
from emulator.lane import Lane, Report
from emulator.progress import ReplayProgress
from emulator.replay import Batch, Plan, batches, paced, post_limit, record_count, streams
from emulator.source import Source
from emulator.summary import cut_short, print_summary, resume_after
from services.common.settings import TABLES, Settings, Table, load_settings

app = typer.Typer(add_completion=False)


@app.command()
def main(  # noqa: PLR0913, PLR0917 - one parameter for each option
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="Posts per second; else as acknowledged.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after this many posts.")] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Posts at random, with replacement; as many as there are rows.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of --random: one seed gives one sequence.")] = 100,
    loop: Annotated[bool, typer.Option("--loop", help="Go on endlessly, or until --limit.")] = False,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Posts per request.")] = 500,
    start_after: Annotated[int | None, typer.Option(help="Only posts with an index above this.")] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds for which a request is sent again before the replay ends.")
    ] = 60,
) -> None:
    """Replay the source tables: row i of the three tables is one post, sent to the topics pin, geo and user.

    Ends with status 0 when every record was acknowledged, 1 when some were not, 130 after Ctrl-C.
    """
    stop = Event()
    interrupt = Interrupt(stop)
    plan = Plan(rate, limit, random, seed, loop, batch, start_after)
    try:
        complete = replay(load_settings(), plan, patience, stop)
    except mysql.connector.Error as error:
        typer.secho(f"MySQL: {error}. Is it up (make status)? `make up` starts it.", fg="red", err=True)
        complete = False
    status = 0 if complete else 1
    raise typer.Exit(status if interrupt.signal is None else 128 + interrupt.signal)


def replay(settings: Settings, plan: Plan, patience: float, stop: Event) -> bool:
    """Carry the plan out, with progress and a summary; whether every record read was acknowledged.

    Raises:
        mysql.connector.Error: the source cannot be read; what was read before is settled and in the summary.
    """
    console = Console()
    source = Source(settings)
    counts = {table: source.count(table, plan.start_after) for table in TABLES}
    total = record_count(counts, plan)
    if total == 0:
        console.print("Nothing to replay: the source has no such rows.", style="red")
        return False
    posts = batches(streams(source, counts, plan), plan.batch_size, post_limit(counts, plan))
    progress = ReplayProgress(console, total)
    lanes = make_lanes(settings, patience, stop, progress.report)
    tallies = {settings.topic(table): lane.tally for table, lane in lanes.items()}
    started = monotonic()
    try:
        with progress:
            feed(lanes, paced(posts, plan.rate, stop))
    finally:
        print_summary(console, tallies, monotonic() - started)
        if plan.ordered and cut_short(tallies, total):
            console.print(f"To go on: --start-after {resume_after(tallies)}")
    return all(tally.failed == 0 for tally in tallies.values())


def make_lanes(settings: Settings, patience: float, stop: Event, report: Report) -> dict[Table, Lane]:
    """A lane for each topic, all on one HTTP session with a connection kept alive for each."""
    http = urllib3.PoolManager(maxsize=len(TABLES))
    base = settings.rest_proxy_url.rstrip("/")
    return {
        table: Lane(
            http, f"{base}/topics/{settings.topic(table)}", patience=patience, stop=stop, report=report
        )
        for table in TABLES
    }


def feed(lanes: Mapping[Table, Lane], posts: Iterable[Batch]) -> None:
    """Hand the posts to the lanes and wait until all are settled, whatever happens to their source."""
    try:
        for batch in posts:
            for table, rows in batch.items():
                lanes[table].submit(rows)
    finally:
        for lane in lanes.values():
            lane.finish()


if __name__ == "__main__":
    app()
