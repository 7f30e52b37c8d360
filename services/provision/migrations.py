"""Apply the numbered migrations of sql/migrations/<database>/ that a served database lacks, with Alembic.

A migration is a file of SQL and, beside it, the revision by which Alembic knows it. Alembic keeps the number that a
database has reached in `migrations.version`; `migrations.history` says when each migration was applied. There is no way
down: a database that is ahead of this checkout is refused.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from services.provision.statements import SchemaError, apply_file

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_VERSION_TABLE = {"version_table": "version", "version_table_schema": "migrations"}


def migrate(connection: Connection, database: str, folder: Path) -> None:
    """Apply what is missing, in the connection's transaction.

    Args:
        folder: holds env.py and a folder of migrations for each database.

    Raises:
        SchemaError: a migration failed, or the database has one that is not in the folder.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder / database))
    config.attributes["options"] = {"connection": connection, "on_version_apply": _record, **_VERSION_TABLE}
    _refuse_downgrade(connection, database, ScriptDirectory.from_config(config))
    command.upgrade(config, "head")


def from_sql(revision_file: str) -> Callable[[], None]:
    """Return the `upgrade` of a revision: it executes the file of the same name that ends in .sql."""
    return lambda: apply_file(driver_connection(op.get_bind()), Path(revision_file).with_suffix(".sql"))


def driver_connection(connection: Connection) -> "PostgresConnection":
    """Return psycopg2's connection below SQLAlchemy's, which takes files of many statements as they are."""
    return cast("PostgresConnection", connection.connection.driver_connection)


def _refuse_downgrade(connection: Connection, database: str, scripts: ScriptDirectory) -> None:
    context = MigrationContext.configure(connection, opts=_VERSION_TABLE)
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = sorted(set(context.get_current_heads()) - known)
    if unknown:
        raise SchemaError(
            f"Postgres database {database} has migration {', '.join(unknown)}, which this checkout lacks (its last "
            f"one is {max(known)}): a newer version of this project made it. Go on with that version (`git pull`, "
            "then `make up`), or begin again without the data: `make clean`, then `make up`."
        )


def _record(*, ctx: MigrationContext, step: Any, **_: object) -> None:  # noqa: ANN401 - Alembic's MigrationInfo
    revision = step.up_revision
    assert ctx.connection  # noqa: S101 - there is none in Alembic's offline mode only
    ctx.connection.execute(
        text("INSERT INTO migrations.history (version, description) VALUES (:version, :description)"),
        {"version": revision.revision, "description": revision.doc},
    )
