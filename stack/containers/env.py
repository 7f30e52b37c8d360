"""Complete .env for Compose: `python -m stack.containers.env < .env` prints the lines to append.

The host's own shell appends them: a file that a container writes may be another account's.
"""

import sys
from io import StringIO

from dotenv import dotenv_values

from common.settings import VARIABLES
from stack.dotenv import lacking

_PROFILES = "COMPOSE_PROFILES"


def completion(text: str) -> tuple[list[str], str]:
    """Return what was generated, by name, and the lines to append to the text of a .env.

    Compose reads COMPOSE_PROFILES by itself and knows no default of ours, so that becomes a line too.
    """
    names, lines = lacking(text)
    if _PROFILES not in dotenv_values(stream=StringIO(text)):
        lines = lines or ("" if text.endswith("\n") else "\n")
        lines += f"{_PROFILES}={VARIABLES[_PROFILES].field.default}\n"
    return names, lines


def main() -> None:
    """Print the lines; what was generated is named on standard error."""
    names, lines = completion(sys.stdin.read())
    sys.stdout.write(lines)
    if names:
        sys.stderr.write(f"Generated {', '.join(names)} into .env.\n")


if __name__ == "__main__":
    main()
