"""Look for the secrets of a stack where none may be: in files, in texts, in the command lines of processes."""

import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from common.settings import VARIABLES, Settings

# Between two looks at the processes: one takes 3 ms of a core, and what does work here lives longer than this.
_LOOK_SECONDS = 0.25


GENERATED = frozenset(
    name for name, variable in VARIABLES.items() if variable.is_secret and variable.is_required
)
"""The secrets of a stack's own. Of the others those of LocalStack, `test`, say nothing, and the API's key is empty."""


def secrets_of(settings: Settings) -> dict[str, str]:
    """Return the stack's generated secrets by variable.

    Padding is left out, since a URL writes it in another way.
    """
    values = settings.environment()
    return {name: values[name].rstrip("=") for name in GENERATED}


def named_in(text: str, secrets: Mapping[str, str]) -> set[str]:
    """Return the variables whose secrets are in a text."""
    return {name for name, value in secrets.items() if value in text}


def files_with(secrets: Mapping[str, str], folders: Iterable[Path]) -> set[Path]:
    """Return the files in the folders that hold a secret, whatever else is in them.

    By grep, which reads a gigabyte in a second and takes the secrets from its input. A file that vanishes is none.
    """
    words = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", "--no-messages"]
    found = subprocess.run(
        [*words, "--devices=skip", "--null", "--file=-", *map(str, folders)],
        input="\n".join(secrets.values()),
        capture_output=True,
        text=True,
        check=False,
    )
    return {Path(name) for name in found.stdout.split("\0") if name}


class ProcessWatch:
    """Look at the command lines of all processes from entry to exit, and keep those that hold a secret."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="process watch", daemon=True)
        self.looks = 0
        self.seen: set[tuple[str, str]] = set()
        """The program and the variable of each secret that was on a command line."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Look once."""
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or [""]
            self.seen |= {(words[0], name) for name in named_in("\0".join(words), self._secrets)}
        self.looks += 1
