"""`help()` of dbutils and of its parts, made from their docstrings."""

import inspect
from collections.abc import Iterator
from typing import Any


class WithHelp:
    """A part of dbutils that explains itself."""

    def help(self, command: str = "") -> None:
        """Print the commands, or what one of them does."""
        print("\n".join(_about(self, command) if command else _commands(self)))


def _commands(part: Any) -> Iterator[str]:  # noqa: ANN401
    yield f"{inspect.getdoc(type(part))}\n"
    for name, member in inspect.getmembers(part):
        if name.startswith("_") or name == "help":
            continue
        about = inspect.getdoc(member if inspect.isroutine(member) else type(member)) or ""
        shown = f"{name}{inspect.signature(member)}" if inspect.isroutine(member) else name
        yield f"{shown} -> {about.splitlines()[0]}"


def _about(part: Any, command: str) -> Iterator[str]:  # noqa: ANN401
    member = getattr(part, command, None)
    if command.startswith("_") or not inspect.isroutine(member):
        names = ", ".join(name for name in dir(part) if not name.startswith("_"))
        raise ValueError(f"there is no command {command!r}; there are {names}")
    yield f"{command}{inspect.signature(member)}\n\n{inspect.getdoc(member)}"
