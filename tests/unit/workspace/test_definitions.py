"""Views and tables whose definitions are kept, on a folder of this machine in the bucket's place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from pyspark.sql import SparkSession

from tests.unit.workspace.bucket import Bucket
from workspace import definitions
from workspace.catalogs import TableName, defined, forget_table
from workspace.definitions import Definitions


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "bucket")


@pytest.fixture
def session(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SparkSession]:
    """Yield the session in a database of its own, which is gone afterwards."""
    monkeypatch.setattr(definitions, "_sessions", WeakKeyDictionary())
    spark.conf.set("spark.sql.hive.manageFilesourcePartitions", "false")  # as a notebook's session has it
    for table in defined(spark):  # what other tests have left is not of interest here
        forget_table(spark, str(table))
    spark.sql(f"CREATE DATABASE made LOCATION '{tmp_path / 'made'}'")
    spark.sql("USE made")
    yield spark
    spark.sql("USE default")
    spark.sql("DROP DATABASE made CASCADE")
    spark.conf.unset("spark.sql.hive.manageFilesourcePartitions")


def made_by_another(session: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the session one that has begun with an empty catalogue."""
    for table in defined(session):
        forget_table(session, str(table))
    monkeypatch.setattr(definitions, "_sessions", WeakKeyDictionary())


def definitions_of(session: SparkSession, bucket: Any) -> Definitions:  # noqa: ANN401 - S3's client, a part of it
    return Definitions(session, bucket, "any")


def names(session: SparkSession) -> set[str]:
    return {table.name for table in defined(session)}


def test_definitions_outlast_their_session(
    session: SparkSession, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.sql("CREATE TABLE plain USING parquet PARTITIONED BY (n) AS SELECT 1 AS n, 'x' AS `a key`")
    session.sql(
        f"CREATE TABLE sheet USING csv OPTIONS (header true) LOCATION '{tmp_path}/sheet' AS SELECT 2 AS n"
    )
    session.sql(f"CREATE TABLE away USING delta LOCATION '{tmp_path}/it''s away' AS SELECT 3 AS n")
    session.sql("CREATE VIEW one (m COMMENT 'one', k) COMMENT 'it''s' AS SELECT n, `a key` FROM plain")
    session.sql("CREATE VIEW another AS SELECT * FROM one")
    definitions_of(session, bucket).keep()
    made_by_another(session, monkeypatch)
    session.sql("USE default")
    definitions_of(session, bucket).take()
    assert session.catalog.currentDatabase() == "default"
    rows = {
        table: session.table(f"made.{table}").first()
        for table in ("plain", "sheet", "away", "one", "another")
    }
    assert rows == {"plain": ("x", 1), "sheet": (2,), "away": (3,), "one": (1, "x"), "another": (1, "x")}
    folder = tmp_path / "made" / "plain"
    assert folder.exists()
    session.sql("DROP TABLE made.plain")
    assert not folder.exists()
    session.sql("DROP TABLE made.sheet")
    assert (tmp_path / "sheet").exists()


def test_what_is_replaced_or_dropped_here_is_so_for_others(
    session: SparkSession, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.sql("CREATE VIEW one AS SELECT 1 AS n")
    session.sql("CREATE VIEW two AS SELECT 2 AS n")
    definitions_of(session, bucket).keep()
    session.sql("CREATE OR REPLACE VIEW one AS SELECT 10 AS n")
    session.sql("DROP VIEW two")
    definitions_of(session, bucket).keep()
    made_by_another(session, monkeypatch)
    definitions_of(session, bucket).take()
    assert names(session) == {"one"}
    assert session.table("one").first() == (10,)


def test_what_another_one_replaces_or_drops_is_so_here(session: SparkSession, bucket: Bucket) -> None:
    session.sql("CREATE VIEW one AS SELECT 1 AS n")
    session.sql("CREATE TABLE plain USING parquet AS SELECT 1 AS n")
    here = definitions_of(session, bucket)
    here.keep()
    other = '{"statement": "CREATE VIEW made.one AS SELECT 10 AS n"}'
    bucket.put_object(Key="warehouse/_definitions/made/one.json", Body=other.encode())
    bucket.delete_object(Key="warehouse/_definitions/made/plain.json")
    here.take()
    assert names(session) == {"one"}
    assert session.table("one").first() == (10,)
    here.keep()
    here.take()
    assert session.table("one").first() == (10,)


def test_of_two_that_make_one_view_the_first_counts(
    session: SparkSession, bucket: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    first = '{"statement": "CREATE VIEW made.one AS SELECT 10 AS n"}'
    bucket.put_object(Key="warehouse/_definitions/made/one.json", Body=first.encode())
    session.sql("CREATE VIEW one AS SELECT 1 AS n")
    here = definitions_of(session, bucket)
    here.keep()
    assert "`made`.`one` has been made by another notebook in the meantime" in capsys.readouterr().out
    here.take()
    assert session.table("one").first() == (10,)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"statement": "CREATE VIEW made.one AS SELECT n FROM made.gone"}', "[TABLE_OR_VIEW_NOT_FOUND]"),
        ('{"statement": "DROP DATABASE made CASCADE"}', "its definition is no CREATE VIEW or CREATE TABLE"),
        ('{"statement": "CREATE VIEW made.two AS SELECT 1"}', "its definition is one of another name"),
        ("no JSON", "Expecting value"),
    ],
)
def test_what_cannot_be_made_is_said_once_and_stays(
    session: SparkSession, bucket: Bucket, capsys: pytest.CaptureFixture[str], body: str, reason: str
) -> None:
    key = "warehouse/_definitions/made/one.json"
    bucket.put_object(Key=key, Body=body.encode())
    here = definitions_of(session, bucket)
    for _ in range(2):
        here.take()
        here.keep()
    said = capsys.readouterr().out
    assert said.count("`made`.`one`, which another notebook has made, cannot be looked up: ") == 1
    assert reason in said
    assert bucket.get_object(Key=key)["Body"].read() == body.encode()


def test_a_known_view_whose_new_definition_cannot_be_made_is_not_dropped_for_others(
    session: SparkSession, bucket: Bucket
) -> None:
    key = "warehouse/_definitions/made/one.json"
    session.sql("CREATE VIEW one AS SELECT 1 AS n")
    here = definitions_of(session, bucket)
    here.keep()
    other = b'{"statement": "CREATE VIEW made.one AS SELECT n FROM made.late"}'
    bucket.put_object(Key=key, Body=other)
    for _ in range(2):
        here.take()
        here.keep()
    assert bucket.get_object(Key=key)["Body"].read() == other
    session.sql("CREATE TABLE late USING parquet AS SELECT 10 AS n")
    here.take()
    assert session.table("one").first() == (10,)


def test_a_view_that_waits_for_its_table_is_made_with_it(session: SparkSession, bucket: Bucket) -> None:
    view = '{"statement": "CREATE VIEW made.one AS SELECT n FROM made.late"}'
    bucket.put_object(Key="warehouse/_definitions/made/one.json", Body=view.encode())
    here = definitions_of(session, bucket)
    here.take()
    session.sql("CREATE TABLE late USING parquet AS SELECT 1 AS n")
    here.take()
    assert session.table("one").first() == (1,)
    assert TableName("made", "one") in defined(session)
