"""What .env lacks: `python -m services.containers.env < .env` prints the lines to append.

The host's own shell appends them: a file that a container writes may be another account's.
"""

import sys

from services.local.dotenv import lacking


def main() -> None:
    """Print the lines; their names go to standard error."""
    names, lines = lacking(sys.stdin.read())
    sys.stdout.write(lines)
    if names:
        sys.stderr.write(f"Generated {', '.join(names)} into .env.\n")


if __name__ == "__main__":
    main()
