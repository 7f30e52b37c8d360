"""A table of Postgres on a disk of a few megabytes, which a test can fill."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from common.clients import postgres_connection
from common.settings import Settings
from stack.os_user import give_to_server, server_home
from tests.servers import IN_CONTAINERS
from tests.small_disk import small_disk


@contextmanager
def on_small_disk(settings: Settings, table: str, megabytes: int) -> Iterator[Path]:
    """Keep the table's rows on a small disk, of which the folder is yielded; they leave no room unused there."""
    if IN_CONTAINERS:
        pytest.skip("Postgres' disk is the container's")
    folder = server_home(settings) / "small-disk"
    with (
        small_disk(folder, megabytes),
        closing(postgres_connection(settings)) as connection,
        connection.cursor() as cursor,
    ):
        give_to_server(folder)
        connection.autocommit = True  # a tablespace is made in no transaction
        cursor.execute("CREATE TABLESPACE small LOCATION %s", [str(folder)])
        cursor.execute(f"VACUUM FULL {table}")
        cursor.execute(f"ALTER TABLE {table} SET TABLESPACE small")
        try:
            yield folder
        finally:
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            cursor.execute("DROP TABLESPACE small")
    folder.rmdir()
