"""A clock that a drill sets, for itself and what it starts alone: a library (clock.c) that each of them loads.

libfaketime 0.9.10, which distributions have, will not do: under it `time.sleep` fails in Python 3.11 and newer, and a
wait for a time of day does not become longer when the clock is set back, as it does on a machine.
"""

import atexit
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from common.environment import DRILL_CLOCK, composed

_SOURCE = Path(__file__).with_name("clock.c")
_SECONDS = struct.Struct("l")


def problem() -> str | None:
    """Return why no clock can be stepped here, and what to do; None where it can be."""
    if shutil.which("cc"):
        return None
    return (
        "To step the clock of its processes alone, a drill compiles a small library, and there is no C compiler `cc`"
        " here. Install it (Debian and Ubuntu: `apt-get install gcc libc6-dev`), or leave `step` out of KINDS."
    )


def compiled(folder: Path) -> Path:
    """Return the library, compiled into the folder, beside the seconds by which it moves the clock: none yet."""
    library = folder / "clock.so"
    words = ["cc", "-shared", "-fPIC", "-O2", str(_SOURCE), "-o", str(library), "-ldl"]
    subprocess.run(words, check=True)
    _seconds_of(library).write_bytes(_SECONDS.pack(0))
    return library


def load() -> None:
    """Return in a program that has the library: the first time, it becomes itself once more, with it."""
    if DRILL_CLOCK in os.environ:
        atexit.register(shutil.rmtree, Path(os.environ[DRILL_CLOCK]).parent)
        return
    folder = Path(tempfile.mkdtemp(prefix="pinterest-drill-clock-"))
    folder.chmod(0o755)  # servers run as `nobody` where the drill is root's
    variables = composed({**os.environ, DRILL_CLOCK: str(compiled(folder))})
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], variables)  # noqa: S606 - no shell is wanted


def step(seconds: int) -> None:
    """Move the clock of all who have the library, at once; by a negative number backwards."""
    with _seconds_of(Path(os.environ[DRILL_CLOCK])).open("r+b", buffering=0) as file:
        [moved] = _SECONDS.unpack(file.read())
        file.seek(0)
        file.write(_SECONDS.pack(moved + seconds))


def _seconds_of(library: Path) -> Path:
    return library.with_name(f"{library.name}.seconds")
