"""The table of services in containers: `python -m stack.containers.show`.

Reads what `stack/containers/stack` has asked the engine (`engine.read`) from standard input.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from common.api import ApiNotFoundError, invoke_url
from common.command import run_command
from common.settings import LOOPBACK, Settings, load_settings
from common.terminal import make_console
from stack.containers import engine
from stack.status.bucket import print_rebuild
from stack.status.disk import print_free
from stack.status.service_table import Line, print_notes, print_services
from stack.status.sink import print_sink
from stack.status.slow_streams import print_slow_streams
from stack.status.stored import print_stored
from stack.status.streams import print_streams

_LOCALSTACK = "http://localstack:4566"  # as containers find it


def main(
    failed: Annotated[
        bool, typer.Option(help="Only the names of the services that keep others waiting.")
    ] = False,
    streams: Annotated[bool, typer.Option(help="The streaming queries too.")] = False,
) -> None:
    """Print the services and the URL to post to."""
    picture, console = engine.read(sys.stdin.read()), make_console()
    if failed:
        console.print(*engine.failed(picture), sep="\n", soft_wrap=True)
        return
    settings = load_settings()
    lines = engine.lines(picture)
    print_services(console, lines)
    print_notes(console, engine.notes(picture))
    _show_invoke_url(console, settings, lines)
    if streams:
        print_rebuild(console, settings)
        print_streams(console, settings)
        print_slow_streams(console, settings)
        print_sink(console, settings)
        print_stored(console, settings)
        # A container's own files are on the engine's disk, as its volumes are.
        print_free(console, {"the Docker engine": Path("/")})


def _show_invoke_url(console: Console, settings: Settings, lines: list[Line]) -> None:
    """The URL as this host has it."""
    if not settings.api.url and any(line.problem for line in lines if line.name == "localstack"):
        return  # asking it would only take time
    try:
        url = invoke_url(settings).replace(_LOCALSTACK, f"http://{LOOPBACK}:{settings.localstack.port}")
        console.print(f"\nInvoke URL  {url}", highlight=False, soft_wrap=True)
    except (ApiNotFoundError, BotoCoreError, ClientError) as error:
        console.print(f"\n{error}", style="yellow", highlight=False)


if __name__ == "__main__":
    run_command(main, "make status")
