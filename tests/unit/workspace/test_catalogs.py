"""Tables whose folders are there become tables of the session, under both names of its catalogue."""

import shutil
from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from workspace.catalogs import adopt_table, forget_table, managed_tables, name_catalog


def test_a_folder_becomes_a_table_that_is_dropped_with_it(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    # Names as AWS' file of keys has them: only what Delta itself writes may have no blanks.
    write_deltalake(folder, pa.table({"Access key ID": ["a"], "n": [1]}))
    adopt_table(spark, "`default`.`0a1b_made`", folder.as_uri())
    name_catalog(spark, "hive_metastore")
    try:
        assert spark.table("hive_metastore.default.0a1b_made").first() == ("a", 1)
        assert spark.catalog.getTable("0a1b_made").tableType == "MANAGED"
    finally:
        spark.sql("DROP TABLE hive_metastore.default.0a1b_made")
    assert not folder.exists()


def test_a_table_whose_folder_is_gone_is_forgotten(spark: SparkSession, tmp_path: Path) -> None:
    write_deltalake(tmp_path / "gone", pa.table({"n": [1]}))
    adopt_table(spark, "`default`.`gone`", (tmp_path / "gone").as_uri())
    spark.range(1).createOrReplaceTempView("a_view")
    shutil.rmtree(tmp_path / "gone")
    assert managed_tables(spark, "default") == {"gone"}
    forget_table(spark, "`default`.`gone`")
    assert managed_tables(spark, "default") == set()
    spark.catalog.dropTempView("a_view")  # by that name another test drops a view of its own
