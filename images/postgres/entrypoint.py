"""The entry point of the stand-in for postgres:18: `python -m images.postgres.entrypoint postgres [flags]`."""

import os
import shlex
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from images.initialization import become, fill_once, run_scripts, variable

_SOCKETS = Path("/var/run/postgresql")
# The official image listens to other containers too. Its clients look for the socket in the first folder, ours (libpq
# as built by others) in the second.
_CONFIGURATION = f"listen_addresses = '*'\nunix_socket_directories = '{_SOCKETS}, /tmp'\n"


def initialize(flags: list[str], data: Path) -> None:
    """Make the cluster in `data`, its database, and what the scripts make."""
    user = variable("POSTGRES_USER", "postgres")
    database = variable("POSTGRES_DB", user)
    _make_cluster(user, data)
    # Until it is whole, only this container's socket is listened to.
    options = shlex.join([*flags, "-c", "listen_addresses="])
    control = ["pg_ctl", "--pgdata", str(data), "--wait"]
    subprocess.run([*control, "start", "--options", options], check=True)
    try:
        os.environ |= {"POSTGRES_USER": user, "POSTGRES_DB": database}  # the scripts use them
        if database != "postgres":
            quoted = database.replace('"', '""')
            run_sql(user, "postgres", f'CREATE DATABASE "{quoted}"'.encode())
        run_scripts(partial(run_sql, user, database))
    finally:
        subprocess.run([*control, "stop", "--mode", "fast"], check=True)


def _make_cluster(user: str, data: Path) -> None:
    method, password = os.environ.get("POSTGRES_HOST_AUTH_METHOD", ""), variable("POSTGRES_PASSWORD")
    if not password and method != "trust":
        raise SystemExit("POSTGRES_PASSWORD is not set; the superuser needs a password")
    wal = os.environ.get("POSTGRES_INITDB_WALDIR")
    with tempfile.NamedTemporaryFile("w") as file:  # readable by this account alone
        file.write(f"{password}\n")
        file.flush()
        command = ["initdb", "--pgdata", str(data), "--username", user, "--pwfile", file.name]
        command += ["--waldir", wal] if wal else []
        subprocess.run([*command, *shlex.split(variable("POSTGRES_INITDB_ARGS"))], check=True)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"\nhost all all all {method or 'scram-sha-256'}\n")
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION)


def run_sql(user: str, database: str, statements: bytes) -> None:
    """Run a script through this container's socket, up to its first error."""
    psql = ["psql", "--no-psqlrc", "--no-password", "--set", "ON_ERROR_STOP=1"]
    place = ["--host", str(_SOCKETS), "--username", user, "--dbname", database]
    subprocess.run([*psql, *place], input=statements, check=True)


def main(arguments: list[str]) -> None:
    """Replace this process with the server, or with another program of the image."""
    if not arguments or arguments[0].startswith("-"):
        arguments = ["postgres", *arguments]
    if arguments[0] == "postgres":
        data = Path(os.environ["PGDATA"])
        become("postgres", [data, _SOCKETS])
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)
        fill_once(data, "PG_VERSION", partial(initialize, arguments[1:]))
    os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
