"""A program that does what the course's notebooks do, in their constructs, and prints what it found as JSON.

In a process of its own: its session has options that no other test's may have.
"""

import json
import os
import shutil
import sys
import urllib.parse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from deltalake import write_deltalake
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

from common.clients import delta_options
from common.settings import load_settings
from tests.integration.workspace.neighbour import Neighbour
from tests.jvm import LogStore
from workspace.dbutils import ExecutionError
from workspace.namespace import notebook_namespace
from workspace.run.cells import AFTER_CELL, BEFORE_CELL
from workspace.session import notebook_session
from workspace.sql_prompt import show_pipeline

FOUND: dict[str, Any] = {}
CREATE = "CREATE TABLE {table} AS SELECT '{who}' AS who, id FROM range(3)"
SETTINGS = load_settings()


def not_run(path: str, timeout_seconds: int, arguments: Mapping[str, str]) -> str:
    """Refuse: nothing here runs another notebook."""
    raise AssertionError(path, timeout_seconds, arguments)


NAMES: dict[str, Any] = notebook_namespace(SETTINGS, parameters={}, run_notebook=not_run)
spark, dbutils, opened = (NAMES[name] for name in ("spark", "dbutils", "open"))
before_cell, after_cell = NAMES[BEFORE_CELL], NAMES[AFTER_CELL]
sql = NAMES["sql"]


def credentials() -> None:
    """Read the keys in the two ways of the course, and make a source of them."""
    keys = (
        spark.read.format("csv")
        .option("header", "true")
        .option("sep", ",")
        .load("/FileStore/tables/authentication_credentials.csv")
    )
    user = keys.where(keys["User name"] == "databricks-user")
    FOUND["key"] = user.select("Access key ID").collect()[0]["Access key ID"]
    table = spark.read.format("delta").load("dbfs:/user/hive/warehouse/authentication_credentials")
    FOUND["secret"] = table.select("Secret access key").first()[0]
    with opened("/dbfs/FileStore/tables/authentication_credentials.csv") as file:
        FOUND["header"] = file.readline().strip()


def mounts() -> None:
    """Mount the bucket with keys in the URL, list, read and write in it, unmount."""
    secret = urllib.parse.quote(FOUND["secret"], safe="")
    source = f"s3n://{FOUND['key']}:{secret}@{SETTINGS.bucket}"
    dbutils.fs.mount(source, "/mnt/posts")
    FOUND["listed"] = [each.path for each in dbutils.fs.ls("dbfs:/mnt/posts/topics")]
    dbutils.fs.put("/mnt/posts/notes/a.txt", "a note")
    FOUND["note"] = dbutils.fs.head("/mnt/posts/notes/a.txt")
    read = spark.read.format("json").option("inferSchema", "true")
    FOUND["by mount"] = read.load("/mnt/posts/topics/*/partition=0/*.json").count()
    FOUND["by URL"] = [
        read.load(f"{url}/topics/*/partition=0/*.json").count()
        for url in (source, f"s3a://{SETTINGS.bucket}", f"s3://{SETTINGS.bucket}")
    ]
    for path in (
        "/mnt/posts/delta/x",
        f"s3a://{SETTINGS.bucket}/delta/y",
        f"s3n://{SETTINGS.bucket}/delta/z",
    ):
        spark.range(3).write.format("delta").mode("overwrite").save(path)
        spark.range(2).write.format("delta").mode("append").save(path)
    FOUND["delta by mount"] = spark.read.format("delta").load("dbfs:/mnt/posts/delta/y").count()
    dbutils.fs.unmount("/mnt/posts")
    dbutils.fs.mount(f"s3a://{SETTINGS.bucket}/delta", "/mnt/kept")
    FOUND["unmounted"] = failure("/mnt/posts/topics")


def failure(path: str) -> str:
    """Return the text of the error of a path that is not there."""
    try:
        dbutils.fs.ls(path)
    except ExecutionError as error:
        return str(error)
    return ""


def semantics() -> None:
    """Rely on what Databricks does and Spark by default does not."""
    spark.conf.set("spark.databricks.delta.preview.enabled", "true")
    FOUND["cast"] = sql("SELECT CAST('x' AS INT) AS number").first()["number"]
    spark.range(2).createOrReplaceGlobalTempView("df_pin")
    FOUND["global"] = spark.table("global_temp.df_pin").count()


def tables() -> None:
    """Write a table and a stream into another, as notebooks name them."""
    spark.range(3).write.mode("overwrite").saveAsTable("0a1b_pin_table")
    FOUND["table"] = spark.table("hive_metastore.default.0a1b_pin_table").count()
    # In a thread, as a notebook that runs others side by side has them.
    with ThreadPoolExecutor() as threads:
        threads.submit(copy_table).result()
    FOUND["copied"] = spark.table("default.0a1b_copy").count()
    FOUND["format"] = sql("DESCRIBE DETAIL 0a1b_copy").first()["format"]


def copy_table() -> None:
    """Stream a table into another, in a notebook of its own."""
    notebook_session(SETTINGS)
    query = (
        spark.readStream.format("delta")
        .table("0a1b_pin_table")
        .writeStream.format("delta")
        .outputMode("append")
        .option("checkpointLocation", "tmp/kinesis/_checkpoints/")
        .trigger(availableNow=True)
        .table("0a1b_copy")
    )
    query.awaitTermination()


def tables_of_others() -> None:
    """Look at tables that came and went in the bucket after this session had started."""
    url = f"s3://{SETTINGS.bucket}/warehouse/other.db/made"
    storage = delta_options(SETTINGS)
    write_deltalake(url, pa.table({"n": [1, 2]}), storage_options=storage)
    before_cell()
    sql("INSERT INTO other.made VALUES (3)")
    FOUND["made"] = sorted(row.n for row in spark.table("hive_metastore.other.made").collect())
    FOUND["known"] = [row.tableName for row in sql("SHOW TABLES IN default").collect() if not row.isTemporary]
    dbutils.fs.rm("/user/hive/warehouse/other.db/made", True)
    before_cell()
    FOUND["dropped"] = not spark.catalog.tableExists("other.made")
    sql("DROP TABLE 0a1b_copy")
    FOUND["folders"] = [each.name for each in dbutils.fs.ls("/user/hive/warehouse")]


def two_sessions() -> None:
    """Share tables with a notebook that runs at the same time, and create some that it creates too."""
    with Neighbour() as other:
        other.ask("CREATE CATALOG pinterest")
        other.ask("CREATE TABLE pinterest.default.theirs AS SELECT 1 AS n")
        before_cell()
        sql("INSERT INTO pinterest.default.theirs VALUES (2)")
        spark.range(4).write.saveAsTable("main.default.ours")
        FOUND["seen by the other"] = other.ask(
            "SELECT * FROM (SELECT sum(n) FROM theirs), (SELECT count(*) FROM pinterest.default.ours)"
        )
        FOUND["contests"] = [contest(other, f"contested_{number}") for number in range(4)]
        other.ask("CREATE VIEW seen AS SELECT n + 40 AS n FROM theirs")
        before_cell()
        sql("CREATE TABLE leaf USING csv AS SELECT max(n) AS n FROM seen")
        after_cell()
        FOUND["view and leaf"] = other.ask("SELECT n FROM leaf")
        other.ask("DROP VIEW seen")
        other.ask("DROP TABLE theirs")
        before_cell()
        FOUND["view dropped by the other"] = not spark.catalog.tableExists("seen")
        FOUND["dropped by the other"] = not spark.catalog.tableExists("theirs")


def contest(other: Neighbour, table: str) -> dict[str, Any]:
    """Create a table while the other creates it: who was told that it did, and whose rows are in it."""
    other.send(CREATE.format(table=table, who="the other"))
    told = [] if failed(CREATE.format(table=table, who="this one")) else ["this one"]
    told += ["the other"] if other.answer() == [] else []
    before_cell()
    return {"told": told, "rows": [row.who for row in spark.table(table).collect()]}


def failed(statement: str) -> bool:
    """Run a statement and return whether it raised an error of Spark's."""
    try:
        sql(statement)
    except (PySparkException, Py4JError):
        return True
    return False


def plain_python() -> None:
    """Use the mounted bucket and DBFS by pandas and by Python's own functions."""
    posts = pd.DataFrame({"n": [1, 2]})
    for folder in ("/dbfs/mnt/kept", "/dbfs/FileStore"):
        posts.to_csv(f"{folder}/plain.csv", index=False)
        posts.to_parquet(f"{folder}/plain.parquet")
    FOUND["pandas"] = [
        int(frame.n.sum())
        for frame in (
            pd.read_csv("/dbfs/mnt/kept/plain.csv"),
            pd.read_parquet("/dbfs/mnt/kept/plain.parquet"),
            spark.read.option("header", "true").csv("/mnt/kept/plain.csv").toPandas().astype(int),
            spark.read.parquet("/FileStore/plain.parquet").toPandas(),
        )
    ]
    os.makedirs("/dbfs/mnt/kept/plain")  # noqa: PTH103 - as notebooks do
    shutil.move("/dbfs/FileStore/plain.csv", "/dbfs/mnt/kept/plain/moved.csv")
    FOUND["walked"] = [[top, *files] for top, _, files in os.walk("/dbfs/mnt/kept/plain")]
    FOUND["above"] = os.listdir("/dbfs/mnt")  # noqa: PTH208
    FOUND["exist"] = [
        Path(path).exists()
        for path in ("/dbfs/user/hive/warehouse", "/dbfs/mnt/kept/plain.csv", "/dbfs/FileStore/plain.csv")
    ]


def commits() -> None:
    """Commit one version twice, by the bucket's own URL and through a mount, as two processes may."""
    dbutils.fs.mkdirs(f"s3a://{SETTINGS.bucket}/delta/log/_delta_log")
    store = LogStore(spark)
    for number, path in enumerate((f"s3a://{SETTINGS.bucket}/delta/log", "dbfs:/mnt/kept/log")):
        file = f"{path}/_delta_log/{number}.json"
        store.write(file, ["first"])
        store.write(file, ["first"])  # as S3's client sends it again where the answer was lost
        try:
            store.write(file, ["second"])
        except Py4JJavaError as error:
            FOUND.setdefault("second commits", []).append(error.java_exception.getClass().getName())
        FOUND.setdefault("first commits", []).append(dbutils.fs.head(file))


def views_of_the_prompt() -> None:
    """Look at the pipeline's own tables as `make sql` shows them."""
    url = f"s3://{SETTINGS.bucket}/delta_tables/cleaned/pin"
    write_deltalake(url, pa.table({"ind": [1]}), storage_options=delta_options(SETTINGS))
    FOUND["views"] = show_pipeline(spark, SETTINGS)
    write_deltalake(url, pa.table({"ind": [2]}), mode="append", storage_options=delta_options(SETTINGS))
    FOUND["cleaned"] = sql("SELECT count(*) AS posts FROM cleaned_pin").first()["posts"]


def stream() -> None:
    """Read Kinesis with no more options than a notebook of the course gives."""
    query = (
        spark.readStream.format("kinesis")
        .option("streamName", "posts")
        .option("initialPosition", "earliest")
        .option("region", SETTINGS.aws.region)
        .option("format", "json")
        .option("inferSchema", "true")
        .option("awsAccessKey", FOUND["key"])
        .option("awsSecretKey", FOUND["secret"])
        .load()
        .selectExpr("cast(data as string) as data")
        .writeStream.format("memory")
        .queryName("records")
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    FOUND["records"] = [row.data for row in spark.table("records").collect()]


for step in (
    *(credentials, mounts, plain_python, commits, semantics, tables, tables_of_others, two_sessions),
    *(views_of_the_prompt, stream),
):
    step()
Path(sys.argv[1]).write_text(json.dumps(FOUND))
