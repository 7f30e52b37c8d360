"""Airflow's configuration, made from the settings: AIRFLOW__* variables, and two connections.

Nothing is kept in an airflow.cfg or clicked into the UI, so that a fresh start is the same everywhere. Reference:
Airflow's "Configuration Reference" and "Managing Connections".
"""

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

from common.airflow import DAGS, home, ui_url
from common.environment import MARK
from common.settings import ROOT, Settings, Withheld


def database_url(settings: Settings) -> str:
    """Airflow's own database, as SQLAlchemy writes it."""
    password = quote(settings.postgres.airflow_database_password.get_secret_value(), safe="")
    place = f"{settings.postgres.host}:{settings.postgres.port}"
    return f"postgresql+psycopg2://airflow:{password}@{place}/airflow"


def environment(settings: Settings) -> dict[str, str]:
    """Return what each of Airflow's processes needs besides the settings themselves."""
    options = _core(settings) | _api(settings) | _lean(settings) | _own_dags(settings) | _secrets(settings)
    programs = str(Path(sys.executable).parent)  # spark-submit among them
    return {
        **{f"AIRFLOW__{name}": value for name, value in options.items()},
        "AIRFLOW_HOME": str(home(settings)),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": settings.spark.master}),
        **_jobs_api(settings),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "stack" / "airflow" / "ui")]),
        MARK: "composed",
        # spark-submit starts this Python, which has the jobs' libraries.
        "PYSPARK_PYTHON": sys.executable,
    }


def _jobs_api(settings: Settings) -> dict[str, str]:
    """Return the connection of the Databricks operators, for the part of Airflow that has its token."""
    api = settings.jobs_api
    if isinstance(api.token, Withheld):
        return {}
    url = urlsplit(api.url)
    connection = {
        "conn_type": "databricks",
        "schema": url.scheme,
        "host": url.hostname,
        "port": url.port,
        "password": api.token.get_secret_value(),
    }
    return {"AIRFLOW_CONN_DATABRICKS_DEFAULT": json.dumps(connection)}


def _core(settings: Settings) -> dict[str, str]:
    return {
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow.url}/execution/",
        "DATABASE__SQL_ALCHEMY_CONN": database_url(settings),
        # A task says every few seconds that it lives. One that died is tried again after a minute, not after the
        # default of five; so are those of a scheduler that was killed: it counts as gone after 30 s, and its successor
        # looks every 30 s.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
        "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
    }


def _api(settings: Settings) -> dict[str, str]:
    return {
        "API__HOST": settings.airflow.host,
        "API__PORT": str(settings.airflow.port),
        "API__BASE_URL": ui_url(settings),
        "API__INSTANCE_NAME": f"Pinterest pipeline {settings.user_id}",
        "API_AUTH__JWT_ISSUER": f"pinterest-{settings.user_id}",
        # A restart of Postgres or of the API server outlasts the default of 5 tries within seconds.
        "WORKERS__EXECUTION_API_RETRIES": "10",
    }


def _secrets(settings: Settings) -> dict[str, str]:
    """Those that docker-compose.yml gives to this part of Airflow."""
    secrets = {
        "CORE__FERNET_KEY": settings.airflow.fernet_key,
        "API__SECRET_KEY": settings.airflow.secret_key,
        "API_AUTH__JWT_SECRET": settings.airflow.jwt_secret,
    }
    given = {option: secret for option, secret in secrets.items() if not isinstance(secret, Withheld)}
    return {option: secret.get_secret_value() for option, secret in given.items()}


def _own_dags(settings: Settings) -> dict[str, str]:
    """Return what has Airflow read the user's folder of DAGs beside ours, if there is one."""
    folder = settings.airflow.dags_dir
    if folder is None:
        return {}
    ours = {
        "name": "dags-folder",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {},
    }
    own = {
        "name": "own-dags",
        "classpath": "operations.airflow.own_dags.OwnDagBundle",
        "kwargs": {"path": str(folder)},
    }
    return {
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([ours, own]),
        # A file of the user's whose import does not end takes one of them for half a minute, again and again.
        "DAG_PROCESSOR__PARSING_PROCESSES": "2",
    }


def _lean(settings: Settings) -> dict[str, str]:
    """One DAG, one run at a time: few processes do."""
    return {
        "API__WORKERS": "1",
        "CORE__PARALLELISM": "2",
        "CORE__LAZY_DISCOVER_PROVIDERS": "True",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "LOGGING__BASE_LOG_FOLDER": str(home(settings) / "logs"),
        "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(home(settings) / "logs" / "dag_processor"),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
