"""%sh and the lines that begin with an exclamation mark: bash, its output as it comes."""

import subprocess

from workspace.magics import MagicError


def run_shell(text: str) -> None:
    """Run a cell's text in bash; a status other than 0 is printed, and with `-e` first it is an error.

    Raises:
        MagicError: `-e` was given, and the status is not 0.
    """
    fails = text.lstrip().startswith("-e") and text.split(maxsplit=1)[0] == "-e"
    script = text.lstrip().removeprefix("-e") if fails else text
    command = ["bash", *(["-e"] if fails else []), "-c", script]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="")
    if process.returncode and fails:
        raise MagicError(f"the shell ended with status {process.returncode}")
    if process.returncode:
        print(f"The shell ended with status {process.returncode}.")
