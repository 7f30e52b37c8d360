"""`python -m emulator [batch|stream]`: replay the source rows as posts through the HTTP API."""

from dataclasses import replace
from threading import Event
from typing import Annotated

import mysql.connector
import typer
from botocore.exceptions import BotoCoreError, ClientError

from common.api import ApiNotFoundError
from common.command import TakesArgs, run_command
from common.settings import Settings, load_settings
from common.terminal import complain
from emulator.authorization import NoAwsKeysError
from emulator.formats import ROUTES, Route
from emulator.interrupt import Interrupt
from emulator.replay import Plan
from emulator.session import replay

# With a rate, so many requests a second for each topic: a flow rather than a burst every minute.
_TICKS = 10
# LocalStack's API Gateway answers 20 to 30 PutRecords a second in all, of 5 records or of 50: 6 leave it room.
_STREAM_TICKS = 2
_USAGE = '`make emulate ARGS="--help"` shows the options; `make emulate ARGS="stream --limit 100"` uses some.'


def main(  # noqa: PLR0913, PLR0917 - one parameter for each option
    path: Annotated[
        Route | None, typer.Argument(help="To the topics or to the streams alone; else to both at once.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.01, help="Posts per second; else as acknowledged, to streams STREAM_RATE."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="End after this many posts; to streams else after STREAM_LIMIT.")
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Posts at random, with replacement; as many as there are rows.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of --random: one seed gives one sequence.")] = 100,
    loop: Annotated[bool, typer.Option("--loop", help="Go on endlessly, or until --limit.")] = False,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Posts per request, at the most.")] = 500,
    start_after: Annotated[int | None, typer.Option(help="Only posts with an index above this.")] = None,
    patience: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds for which MySQL and the API are asked again before the replay ends."
        ),
    ] = 60,
) -> None:
    """Replay the source tables: row i of the three tables is one post, sent to three topics and three streams.

    Ends with status 0 when every record was acknowledged, 1 when some were not, 130 after Ctrl-C.
    """
    stop = Event()
    interrupt = Interrupt(stop)
    settings = load_settings()
    plan = Plan(rate, limit, random, seed, loop, batch, start_after, _TICKS)
    plans = {route: plan_of(route, plan, settings) for route in ((path,) if path else ROUTES)}
    try:
        complete = replay(settings, plans, patience, stop)
    except mysql.connector.Error as error:
        complete = _complain(f"MySQL: {error}. Is it up (make status)? `make up` starts it.")
    except (BotoCoreError, ClientError) as error:
        complete = _complain(f"API Gateway: {error}. Is it up (make status)? `make up` starts it.")
    except (ApiNotFoundError, NoAwsKeysError) as error:
        complete = _complain(str(error))
    raise typer.Exit(int(not complete) if interrupt.signal is None else 128 + interrupt.signal)


def plan_of(route: Route, asked: Plan, settings: Settings) -> Plan:
    """The plan as asked for, completed for the streams by their settings."""
    if route == "batch":
        return asked
    limit = settings.emulator.stream_limit if asked.limit is None and not asked.loop else asked.limit
    return replace(asked, rate=asked.rate or settings.emulator.stream_rate, limit=limit, ticks=_STREAM_TICKS)


def _complain(reason: str) -> bool:
    complain(reason)
    return False


if __name__ == "__main__":
    run_command(main, "make emulate", usage=_USAGE, cls=TakesArgs)
