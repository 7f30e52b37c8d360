"""Say in `make status` that the streams are what is slow, where they are."""

import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.clients import api_gateway_client, kinesis_client
from common.settings import Settings

# LocalStack's Kinesis does one thing at a time, and answers in 10 ms when it has nothing else to do. A post is to be
# served within 2 s, so half of that is too much for one answer.
_SLOW_SECONDS = 1.0
# A machine that is too busy makes all of LocalStack slow alike, within a factor of two or three.
_FACTOR = 5.0
_TRIES = 3  # one answer may have waited for something else


def print_slow_streams(console: Console, settings: Settings) -> None:
    """Print how slow Kinesis is, where it is far slower than the rest of LocalStack; nothing where neither answers."""
    try:
        kinesis, others = _measured(settings)
    except (BotoCoreError, ClientError):
        return  # what is down, the table of services says
    if kinesis >= max(_SLOW_SECONDS, _FACTOR * others):
        console.print(
            f"\nThe streams are slow: Kinesis answers after {kinesis:.2g} s, the rest of LocalStack after"
            f" {others:.2g} s. Fewer posts a second (STREAM_RATE in .env) relieve it; docs/troubleshooting.md.",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )


def _measured(settings: Settings) -> tuple[float, float]:
    """Seconds of Kinesis' quickest answer and of one of API Gateway's, which is not asked where Kinesis is quick."""
    kinesis, fastest = kinesis_client(settings), float("inf")
    for _ in range(_TRIES):
        fastest = min(fastest, _seconds(lambda: kinesis.list_streams(Limit=1)))
        if fastest < _SLOW_SECONDS:
            return fastest, 0.0
    gateway = api_gateway_client(settings)
    return fastest, _seconds(lambda: gateway.get_rest_apis(limit=1))


def _seconds(call: Callable[[], object]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began
