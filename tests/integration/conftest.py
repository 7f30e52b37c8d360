"""Make what the files of a process share as new for each of them: which files those are depends on their speed."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from common.clients import postgres_connection
from common.settings import Settings


@pytest.fixture(scope="package", autouse=True)
def _brief_spark() -> Iterator[None]:
    """Have Spark's JVMs do without the optimizing compiler, as a batch run of seconds does: none lives long here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_SUBMIT_OPTS", "-XX:TieredStopAtLevel=1")
        yield


@pytest.fixture(scope="module")
def postgres(postgres: Settings) -> Settings:
    """A Postgres server, empty: the databases that an earlier file of this process made are gone, Airflow's too."""
    with closing(postgres_connection(postgres, database="postgres")) as connection:
        connection.autocommit = True  # a database is dropped in no transaction
        with connection.cursor() as cursor:
            cursor.execute("""
                SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database
                WHERE datname <> 'postgres' AND NOT datistemplate
            """)
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)
    return postgres
