"""A run of the emulator: the posts of each route, from MySQL to the API, with progress and a summary."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event
from time import monotonic

import urllib3
from botocore.exceptions import ConnectionError as AwsConnectionError
from botocore.exceptions import HTTPClientError

from common.api import invoke_url
from common.settings import Settings
from common.terminal import make_console
from contracts.tables import TABLES, Table
from emulator import ledger
from emulator.authorization import authorization
from emulator.destination_sender import Api, DestinationSender
from emulator.formats import FORMATS, Route, destination
from emulator.patience import Patience
from emulator.progress import ReplayProgress
from emulator.replay import Batch, Plan, batches, paced, post_limit, record_count, streams
from emulator.source import Source
from emulator.summary import Outcome, cut_short, print_summary, resume_after

# What the client raises of an API Gateway that is not there, or goes away.
_AWAY = (AwsConnectionError, HTTPClientError)


@dataclass
class Part:
    """The part that one route replays.

    Attributes:
        plan: which posts, and how fast.
        posts: the posts in batches.
        total: the records that they are; None is endless.
        senders: where the rows of each table go.
        seconds: how long it took.
    """

    plan: Plan
    posts: Iterable[Batch]
    total: int | None
    senders: Mapping[Table, DestinationSender]
    seconds: float = 0.0


def replay(settings: Settings, plans: Mapping[Route, Plan], patience: float, stop: Event) -> bool:
    """Carry the plans out, all at once; whether every record read was acknowledged.

    API Gateway and the source are waited for, as long as patience lasts.

    Raises:
        mysql.connector.Error: the source cannot be read; what was read before is settled and in the summary.
        common.api.ApiNotFoundError: API Gateway does not have the API.
        emulator.authorization.NoAwsKeysError: requests are to be signed, and there are no AWS keys.
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: API Gateway does not answer.
    """
    console = make_console()
    waiting = Patience(patience, stop, partial(console.print, style="yellow", soft_wrap=True))
    http = urllib3.PoolManager(maxsize=len(TABLES) * len(plans))  # each sender keeps its connection
    authorize = authorization(settings)
    url = waiting.ask("API Gateway", lambda: invoke_url(settings), _AWAY)
    api = Api(http, url, patience, stop, authorize)
    progress = ReplayProgress(console)
    parts = {route: _part(settings, route, plan, api, progress, waiting) for route, plan in plans.items()}
    if any(part.total == 0 for part in parts.values()):
        console.print("Nothing to replay: the source has no such rows.", style="red")
        return False
    try:
        with progress:
            _carry_out(parts.values(), stop)
    finally:
        outcomes = {route: _outcome(settings, route, part) for route, part in parts.items()}
        print_summary(console, outcomes)
        ledger.record(settings, outcomes, console)
        for route, part in parts.items():
            delivered = outcomes[route].delivered
            if part.plan.ordered and cut_short(delivered, part.total):
                console.print(f"To go on: {route} --start-after {resume_after(delivered)}")
    return all(counts.failed == 0 for outcome in outcomes.values() for counts in outcome.delivered.values())


def _part(  # noqa: PLR0913, PLR0917 - what all routes share, and what is this one's
    settings: Settings, route: Route, plan: Plan, api: Api, progress: ReplayProgress, waiting: Patience
) -> Part:
    source = Source(settings, waiting)
    counts = {table: source.count(table, plan.start_after) for table in TABLES}
    total = record_count(counts, plan)
    report = progress.add(route, total)
    return Part(
        plan,
        batches(streams(source, counts, plan), plan.batch_size, post_limit(counts, plan)),
        total,
        {
            table: DestinationSender(api, destination(settings, route, table).path, FORMATS[route], report)
            for table in TABLES
        },
    )


def _outcome(settings: Settings, route: Route, part: Part) -> Outcome:
    delivered = {
        destination(settings, route, table).name: sender.counts for table, sender in part.senders.items()
    }
    return Outcome(delivered, part.seconds)


def _carry_out(parts: Iterable[Part], stop: Event) -> None:
    """Feed the parts, each in a thread of its own; the first one that cannot go on stops the others."""
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(_feed, part, stop) for part in parts]
    for part in running:
        part.result()


def _feed(part: Part, stop: Event) -> None:
    """Hand the posts to the senders and wait until all are settled, whatever happens to their source."""
    started = monotonic()
    try:
        for batch in paced(part.posts, part.plan.rate, stop):
            for table, rows in batch.items():
                part.senders[table].submit(rows)
    except BaseException:
        stop.set()
        raise
    finally:
        for sender in part.senders.values():
            sender.finish()
        part.seconds = monotonic() - started
