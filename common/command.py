"""Run a function as one of the `make` commands: its options from the command line, its errors in the command's name."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

from common.terminal import complain
from common.visible import print_tracebacks_visibly


class TakesArgs(TyperCommand):
    """A command whose options and arguments `make` takes as ARGS, which its usage says."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's Context, which it does not export
        """Return what follows the command's name in its usage."""
        return [f'ARGS="{" ".join(super().collect_usage_pieces(ctx))}"']


def run_command(
    main: Callable[..., None], name: str, *, usage: str = "", cls: type[TyperCommand] = TyperCommand
) -> NoReturn:
    """Run `main` with the command line's options, and end the program with its status.

    Args:
        main: the function; its signature declares the options.
        name: the command as a person types it, such as `make query`.
        usage: what to type, for whoever got it wrong.
        cls: `TakesArgs` where the options come as ARGS.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(cls=cls)(main)
    run_commands(app, name, usage)


def run_commands(app: typer.Typer, name: str, usage: str = "") -> NoReturn:
    """Run an application of several commands likewise."""
    print_tracebacks_visibly()
    try:
        status = typer.main.get_command(app).main(prog_name=name, standalone_mode=False)
    except typer.Abort:
        sys.exit(1)
    except typer.TyperException as error:
        complain("\n".join(filter(None, (f"{name}: {_message(error)}", usage))))
        sys.exit(2)
    sys.exit(status)


def _message(error: typer.TyperException) -> str:
    """Return what is wrong with the command line, and with which option where the error knows it."""
    if not isinstance(error, typer.BadParameter):
        return str(error)
    # The second is pydantic's, by which typer reads the values.
    return error.format_message().removeprefix("Invalid value: ").replace("Value error, ", "")
