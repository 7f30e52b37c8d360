"""The entry point of the stand-in for mysql:8.4: `python -m images.mysql.entrypoint mysqld [flags]`."""

import os
import secrets
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from images.initialization import become, fill_once, run_scripts, variable

_DATA = Path("/var/lib/mysql")
_RUN = Path("/var/run/mysqld")
# The server answers a second after its start; sixty times that, since the machine may be busy.
_START_SECONDS = 60.0


def initialize(flags: list[str], data: Path) -> None:
    """Make the system tables in `data`, the accounts and database of the variables, and what the scripts make."""
    password = _root_password()
    server = ["mysqld", *flags, f"--datadir={data}"]
    subprocess.run([*server, "--initialize-insecure"], check=True)
    # Until it is whole, only this container's socket is listened to.
    with subprocess.Popen([*server, "--skip-networking", "--mysqlx=OFF"]) as process:
        try:
            _wait(process)
            run_sql("", "", "\n".join(accounts(password)).encode())
            run_scripts(partial(run_sql, password, variable("MYSQL_DATABASE")))
            if os.environ.get("MYSQL_ONETIME_PASSWORD"):
                run_sql(password, "", b"ALTER USER 'root'@'localhost' PASSWORD EXPIRE;")
        finally:
            process.terminate()
    if process.returncode:
        raise SystemExit(f"mysqld ended with status {process.returncode}")


def _root_password() -> str:
    password = variable("MYSQL_ROOT_PASSWORD")
    if not password and os.environ.get("MYSQL_RANDOM_ROOT_PASSWORD"):
        password = secrets.token_urlsafe(24)
        print(f"GENERATED ROOT PASSWORD: {password}", flush=True)
    if not password and not os.environ.get("MYSQL_ALLOW_EMPTY_PASSWORD"):
        raise SystemExit("set MYSQL_ROOT_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD")
    return password


def accounts(root_password: str) -> list[str]:
    """The statements that make what the variables ask for, root's password at this host last."""
    statements = []
    root_host = variable("MYSQL_ROOT_HOST", "%")
    if root_host != "localhost":
        root = f"'root'@{literal(root_host)}"
        statements += [
            f"CREATE USER {root} IDENTIFIED BY {literal(root_password)};",
            f"GRANT ALL ON *.* TO {root} WITH GRANT OPTION;",
        ]
    database = variable("MYSQL_DATABASE").replace("`", "``")
    statements += [f"CREATE DATABASE `{database}`;"] if database else []
    user, password = variable("MYSQL_USER"), variable("MYSQL_PASSWORD")
    if user and password:
        statements.append(f"CREATE USER {literal(user)}@'%' IDENTIFIED BY {literal(password)};")
        statements += [f"GRANT ALL ON `{database}`.* TO {literal(user)}@'%';"] if database else []
    return [*statements, f"ALTER USER 'root'@'localhost' IDENTIFIED BY {literal(root_password)};"]


def literal(text: str) -> str:
    r"""A string literal of MySQL, which reads \ as an escape."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _wait(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run(["mysqladmin", "--user=root", "--silent", "ping"], check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("mysqld did not start; its messages are above")
        time.sleep(0.2)


def run_sql(password: str, database: str, statements: bytes) -> None:
    """Run a script as root through this container's socket, up to its first error."""
    environment = {**os.environ, "MYSQL_PWD": password}  # a command line can be read by every account
    command = ["mysql", "--user=root", "--default-character-set=utf8mb4", *([database] if database else [])]
    subprocess.run(command, input=statements, env=environment, check=True)


def main(arguments: list[str]) -> None:
    """Replace this process with the server, or with another program of the image."""
    if not arguments or arguments[0].startswith("-"):
        arguments = ["mysqld", *arguments]
    if arguments[0] == "mysqld":
        become("mysql", [_DATA, _RUN])
        fill_once(_DATA, "mysql", partial(initialize, arguments[1:]))
    os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
