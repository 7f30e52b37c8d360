"""CREATE CATALOG and USE CATALOG, and names of three parts."""

from collections.abc import Iterator

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from workspace.catalog_names import NewCatalog, parse_create, parse_use, with_catalogs
from workspace.catalogs import catalog_names


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("CREATE CATALOG pinterest", NewCatalog("pinterest", lenient=False)),
        ("create catalog if not exists `my-posts` ;", NewCatalog("my-posts", lenient=True)),
        ("-- mine\n/* and\nyours */ CREATE  CATALOG\n a COMMENT 'of posts'", NewCatalog("a", lenient=False)),
        ("CREATE CATALOG a USING SHARE b.c", None),
        ("CREATE TABLE catalog (n INT)", None),
        ("SELECT 'CREATE CATALOG a'", None),
    ],
)
def test_create_catalog(text: str, new: NewCatalog | None) -> None:
    assert parse_create(text) == new


@pytest.mark.parametrize(
    ("text", "spark_s"),
    [
        ("USE CATALOG hive_metastore", "SET CATALOG hive_metastore"),
        ("-- mine\nuse  catalog `my-posts`", "SET CATALOG `my-posts`"),
        ("USE catalog", "USE catalog"),
        ("USE default", "USE default"),
        ("SELECT 'USE CATALOG a'", "SELECT 'USE CATALOG a'"),
    ],
)
def test_use_catalog(text: str, spark_s: str) -> None:
    assert parse_use(text) == spark_s


class Session:
    """Spark's session with the two statements, and the names that they kept."""

    def __init__(self, spark: SparkSession) -> None:
        self.kept: list[str] = []
        self._spark = spark
        self._sql = with_catalogs(SparkSession.sql, self.kept.append)

    def sql(self, text: str) -> DataFrame:
        return self._sql(self._spark, text)


@pytest.fixture
def session(spark: SparkSession) -> Iterator[Session]:
    yield Session(spark)
    spark.sql("SET CATALOG spark_catalog")


def test_table_has_a_name_in_a_catalogue_of_the_users_own(spark: SparkSession, session: Session) -> None:
    assert not session.sql("CREATE CATALOG own_posts").columns
    assert session.kept == ["own_posts"]
    assert "own_posts" in catalog_names(spark)
    spark.range(3).write.saveAsTable("own_posts.default.three_parts")
    session.sql("USE CATALOG own_posts")
    assert session.sql("SELECT count(*) FROM default.three_parts").first() == (3,)
    assert spark.table("three_parts").count() == 3
    session.sql("DROP TABLE own_posts.default.three_parts")
    assert not spark.catalog.tableExists("three_parts")


def test_catalogue_is_created_once(session: Session) -> None:
    session.sql("CREATE CATALOG IF NOT EXISTS once")
    session.sql("CREATE CATALOG IF NOT EXISTS once")
    assert session.kept == ["once"]
    with pytest.raises(AnalysisException, match="`once` exists already"):
        session.sql("CREATE CATALOG once")


def test_unknown_catalogue_is_refused(session: Session) -> None:
    with pytest.raises(Py4JJavaError, match="nowhere"):
        session.sql("USE CATALOG nowhere")
