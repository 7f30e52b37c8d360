"""Carry out the faults of a drill on the processes of its own stack, and take them back."""

import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress

import psutil
from psycopg2 import sql

from bench.drill import clock
from bench.drill.link import Link
from bench.drill.plan import BATCH_JOB, STEPS, Fault
from common import health
from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from stack.local import processes

_REAP_SECONDS = 30.0  # supervisord looks once a second
_UP_SECONDS = 600.0  # as long as any recovery may take
# Who writes to Postgres, and as whom.
WRITERS = {BATCH_JOB: "batch_writer", "streaming-writer": "speed_writer"}
# Ends the connections that the roles have, the server's own workers for them included.
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY(%s)"


class Striker:
    """Does to a stack what a plan says."""

    def __init__(
        self,
        settings: Settings,
        link: Link,
        pid_of: Callable[[str], int],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Strike the stack of these settings.

        Args:
            link: what its clients reach LocalStack through.
            pid_of: asked for a service's process of now; 0 where there is none.
            sleep: called with the seconds that a pause or a cut lasts.
        """
        self._settings = settings
        self._link = link
        self._pid_of = pid_of
        self._sleep = sleep

    def strike(self, fault: Fault) -> None:
        """Carry a fault out; returns when it is over."""
        if fault.kind == "kill":
            _kill(processes.tree(self._pid_of(fault.target))[:1])
            return
        if fault.kind == "step":
            clock.step(STEPS[fault.target])
            return
        with self._hold(fault):
            self._sleep(fault.seconds)

    @contextmanager
    def _hold(self, fault: Fault) -> Iterator[None]:
        """Whatever ends the body, nothing stays stopped or cut off."""
        begin, end = self._ways(fault)
        try:
            begin()
            yield
        finally:
            end()

    def _ways(self, fault: Fault) -> tuple[Callable[[], None], Callable[[], None]]:
        if (fault.kind, fault.target) == ("cut", "localstack"):
            return lambda: self._cut(fault.client), self._link.mend
        if (fault.kind, fault.target) == ("cut", "postgres"):
            roles = [WRITERS[fault.client]] if fault.client else WRITERS.values()
            return lambda: limit_roles(self._settings, 0, roles), lambda: limit_roles(
                self._settings, -1, roles
            )
        # Kafka's clients go where the broker says it is, past any link: it is cut off by standing still.
        tree = processes.tree(self._pid_of(fault.target))
        return lambda: _signal_all(tree, signal.SIGSTOP), lambda: _signal_all(tree, signal.SIGCONT)

    def _cut(self, client: str) -> None:
        if not client:
            self._link.cut()
            return
        pid = self._pid_of(client)
        self._link.cut(lambda port: port in ports_of(processes.tree(pid)))


def ports_of(tree: list[psutil.Process]) -> set[int]:
    """Return the ports from which the processes have TCP connections now."""
    found = set[int]()
    for process in tree:
        with suppress(psutil.Error):
            found |= {each.laddr.port for each in process.net_connections("tcp")}
    return found


def limit_roles(settings: Settings, connections: int, roles: Collection[str] = WRITERS.values()) -> None:
    """Have Postgres take so many connections of each of the roles, -1 for any number; none stays open.

    Waits for a server that has not recovered from the fault before.
    """
    wait_until(
        lambda: health.problem("postgres", settings) is None, timeout=_UP_SECONDS, what="Postgres to answer"
    )
    with closing(postgres_connection(settings, database="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role in roles:
                limit = sql.SQL("ALTER ROLE {} CONNECTION LIMIT {}")
                cursor.execute(limit.format(sql.Identifier(role), sql.Literal(connections)))
            cursor.execute(_TERMINATE, [[*roles]])


def _signal_all(tree: list[psutil.Process], number: int) -> None:
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _kill(killed: list[psutil.Process]) -> None:
    """Return once whoever started them knows that they have ended."""
    _signal_all(killed, signal.SIGKILL)
    psutil.wait_procs(killed, timeout=_REAP_SECONDS)
