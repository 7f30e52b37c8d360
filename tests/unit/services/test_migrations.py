"""The files of sql/migrations, without a server."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from services.provision.databases import DATABASES, SQL_FOLDER

FOLDER = SQL_FOLDER / "migrations"


def scripts(database: str) -> ScriptDirectory:
    return ScriptDirectory(FOLDER, version_locations=[FOLDER / database])


@pytest.mark.parametrize("database", DATABASES)
def test_the_migrations_are_numbered_without_a_gap_and_follow_each_other(database: str) -> None:
    found = [script.revision for script in scripts(database).walk_revisions()]
    assert found == [f"{number:04}" for number in range(len(found), 0, -1)]


@pytest.mark.parametrize("database", DATABASES)
def test_each_migration_has_its_sql_beside_it_and_the_number_in_its_name(database: str) -> None:
    revisions = [Path(script.path) for script in scripts(database).walk_revisions()]
    assert {file.stem for file in revisions} == {file.stem for file in (FOLDER / database).glob("*.sql")}
    assert [file.stem[:4] for file in revisions] == [
        script.revision for script in scripts(database).walk_revisions()
    ]


@pytest.mark.parametrize("database", DATABASES)
def test_each_migration_says_what_it_does(database: str) -> None:
    assert [script.revision for script in scripts(database).walk_revisions() if not script.doc] == []
