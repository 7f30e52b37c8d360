"""A moment at which Delta and Postgres can be compared: no batch run was at work while both were read."""

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from contracts import locks
from operations.verify.accounts import ask

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

T = TypeVar("T")

# A full rebuild of a million posts takes 3 minutes; a comparison of them a minute, which another run may spoil once.
_TIMEOUT_SECONDS = 600.0
# The last run, and whether one holds the batch job's lock.
_STATE = """
SELECT (SELECT max(run_id) FROM ops.batch_runs), EXISTS (
    SELECT FROM pg_locks AS held JOIN pg_database AS here ON here.oid = held.database
    WHERE here.datname = current_database() AND held.locktype = 'advisory' AND held.objid = %s
)
"""


def undisturbed(settings: Settings, gather: Callable[["PostgresConnection"], T]) -> T:
    """Return what `gather` finds, given a snapshot of Postgres, in a time in which no batch run was at work.

    A run writes Delta first and Postgres at its end, so in between they differ rightly.

    Raises:
        TimeoutError: runs follow upon each other.
    """

    def attempt() -> list[T]:
        before = _state(settings)
        if before[1]:
            return []
        with closing(postgres_connection(settings, "analyst")) as connection:
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            found = gather(connection)
        return [found] if _state(settings) == before else []

    return wait_until(
        attempt, timeout=_TIMEOUT_SECONDS, interval=1, what="a moment without a batch run at work"
    )[0]


def batch_at_work(settings: Settings) -> bool:
    """Return whether a batch run is at work, whoever has started it."""
    return bool(_state(settings)[1])


def _state(settings: Settings) -> tuple[Any, ...]:
    with closing(postgres_connection(settings, "analyst")) as connection:
        return ask(connection, _STATE, [locks.BATCH_JOB])[0]
