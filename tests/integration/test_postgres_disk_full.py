"""Postgres while the disk of its log is full: it ends, and with room again it has all that was committed."""

import shutil
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2
import pytest

from common import health
from common.clients import postgres_connection
from services.provision.databases import ensure_schema
from stack.local.isolated import make_settings
from stack.os_user import server_home
from tests.processes import launch_server
from tests.small_disk import fill, small_disk

# The program and an empty cluster have 100 MB; the log grows by files of 16 MB.
DISK_MEGABYTES = 400
LOG_MEGABYTES = 64
# It ends as soon as a write fails and again as it starts; many times that, for a busy machine.
END_SECONDS = 60.0
_FILL_LOG = """
SELECT count(pg_logical_emit_message(false, 'x', repeat('x', 1000000))) FROM generate_series(1, %s)
"""


def test_what_was_committed_before_the_log_found_no_room_is_there_afterwards(tmp_path: Path) -> None:
    own = make_settings(tmp_path / "state")
    folder = server_home(own) / "postgres"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, server_home(own), ignore_errors=True)
        stack.enter_context(small_disk(folder, DISK_MEGABYTES))
        server = launch_server(stack, own, "postgres")
        ensure_schema(own)
        with closing(postgres_connection(own)) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO batch.pin (ind) VALUES (1)")
            connection.commit()
            ballast = fill(folder, 0)
            with pytest.raises(psycopg2.OperationalError):
                cursor.execute(_FILL_LOG, [LOG_MEGABYTES])
        server.wait(END_SECONDS)
        server.start()
        server.wait(END_SECONDS)
        assert 'PANIC:  could not write to file "pg_wal/' in server.output()
        assert 'FATAL:  could not write to file "pg_wal/' in server.output()
        assert "Connection refused" in (health.problem("postgres", own) or "")
        ballast.unlink()
        server.start()
        server.wait_healthy(lambda: health.problem("postgres", own) is None)
        with closing(postgres_connection(own)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT ind FROM batch.pin")
            assert cursor.fetchall() == [(1,)]
