"""Make what the files of a process share as new for each of them: which files those are depends on their speed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from common.clients import postgres_connection
from common.settings import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first whose tests may take longest: all processes would wait for one that began last."""
    longest: dict[Path, float] = {}
    for item in items:
        longest[item.path] = max(longest.get(item.path, 0.0), _allowed_seconds(item))
    items.sort(key=lambda item: longest[item.path], reverse=True)  # else they stay in their order


def _allowed_seconds(item: pytest.Item) -> float:
    """Return the time-out of a test of this folder that has one of its own, else nothing."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark and Path(__file__).parent in item.path.parents else 0.0


@pytest.fixture(scope="session", autouse=True)
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
