"""Make what Airflow needs where it is missing: `python -m stack.airflow.init`.

Its role and database in Postgres, the tables there, and its two users. Runs before each start, and leaves alone what
is there, but for the users' passwords and roles, which become those of the settings, and rows that are too old.
"""

import os
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from common.airflow import DAGS, Account, administrator, home, reader
from common.clients import postgres_connection
from common.log import configure
from common.settings import Settings, load_settings
from common.user_folder import UserFolderError, check_folder
from services.provision.databases import set_password
from stack.airflow.environment import environment

# A scheduler that is killed leaves workers, which have inherited its connections: amid a transaction they go on holding
# the lock without which no scheduler starts a task. Airflow itself is never idle in one for more than a second or two.
_IDLE_TIMEOUT = "1min"

KEPT_DAYS = 90
# Not that of DAGs: of one that nobody has read for so long it holds whether its user has paused it.
_OF_RUNS = [
    "dag_run",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "xcom",
    "log",
    "job",
    "import_error",
]

# Less than Airflow's own role Viewer, whose users may change their password and see logs and what tasks hand on.
READER_ROLE = "Dashboard"
READER_RIGHTS = [("can_read", "DAGs"), ("can_read", "DAG Runs"), ("can_read", "Task Instances")]


def main() -> None:
    """Make it all; status 1 and the reason where Postgres does not let us."""
    log, settings = configure("airflow-init"), load_settings()
    home(settings).mkdir(parents=True, exist_ok=True)
    try:
        check_dags_folder(settings.airflow.dags_dir)
    except UserFolderError as error:
        log.error("no DAGs of your own", reason=str(error))
        raise SystemExit(1) from None
    try:
        ensure_database(settings)
    except psycopg2.Error as error:
        log.error("no database for Airflow", reason=str(error).strip())
        raise SystemExit(1) from None
    # Airflow reads its configuration as it is imported.
    os.environ.update(environment(settings))
    log.info("migrating Airflow's tables")
    ensure_tables()
    remove_old_rows()
    ensure_users(settings)
    log.info("Airflow is ready to start", user=settings.airflow.user)


def check_dags_folder(folder: Path | None) -> None:
    """Check that Airflow can read the user's folder of DAGs, if there is one.

    Raises:
        UserFolderError: it cannot, or the pipeline's own DAG is in it.
    """
    check_folder("AIRFLOW_DAGS_DIR", folder)
    if folder and DAGS.is_relative_to(folder.resolve()):
        raise UserFolderError(
            f"AIRFLOW_DAGS_DIR: {folder} has the pipeline's own DAG in it, which Airflow reads anyway."
        )


def ensure_database(settings: Settings) -> None:
    """The role `airflow` and the database of that name, which it owns and no other role may enter."""
    with closing(postgres_connection(settings, database="postgres")) as server:
        server.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        with server.cursor() as cursor:
            cursor.execute("SELECT FROM pg_roles WHERE rolname = 'airflow'")
            if not cursor.rowcount:
                cursor.execute("CREATE ROLE airflow WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
            set_password(server, "airflow", settings.postgres.airflow_database_password.get_secret_value())
            cursor.execute(f"ALTER ROLE airflow SET idle_in_transaction_session_timeout = '{_IDLE_TIMEOUT}'")
            cursor.execute("SELECT FROM pg_database WHERE datname = 'airflow'")
            if not cursor.rowcount:
                cursor.execute("CREATE DATABASE airflow OWNER airflow TEMPLATE template0 ENCODING 'UTF8'")
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE airflow FROM public"))


def ensure_tables() -> None:
    """Airflow's tables, and those of its providers, in their present version."""
    from airflow.utils.db import upgradedb  # noqa: PLC0415 - see main

    upgradedb()


def remove_old_rows() -> None:
    """Remove what is older than KEPT_DAYS of runs, their tasks and Airflow's own notes: it keeps them for ever."""
    import pendulum  # noqa: PLC0415 - see main
    from airflow.utils.db_cleanup import run_cleanup  # noqa: PLC0415 - see main

    oldest = pendulum.now("UTC").subtract(days=KEPT_DAYS)
    run_cleanup(clean_before_timestamp=oldest, table_names=_OF_RUNS, confirm=False, skip_archive=True)


def ensure_users(settings: Settings) -> None:
    """The administrator, and the dashboard's user, who may read and no more; with their passwords."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import (  # noqa: PLC0415 - see main
        get_application_builder,
    )

    with get_application_builder() as builder:
        builder.sm.bulk_sync_roles([{"role": READER_ROLE, "perms": READER_RIGHTS}])
        _ensure_user(builder.sm, administrator(settings), "Admin")
        _ensure_user(builder.sm, reader(settings), READER_ROLE)


def _ensure_user(manager: Any, account: Account, role: str) -> None:  # noqa: ANN401 - Airflow's security manager
    password, roles = account.password.get_secret_value(), [manager.find_role(role)]
    if user := manager.find_user(username=account.user):
        user.roles = roles
        manager.update_user(user)
        manager.reset_password(user.id, password)
    else:
        manager.add_user(account.user, account.user, "-", f"{account.user}@localhost", roles, password)


if __name__ == "__main__":
    main()
