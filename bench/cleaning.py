"""Seconds to clean posts against those to read and parse them, and against DuckDB's for the same cleaning."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import duckdb
import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from bench.report import Row, report
from bench.spark_lab import best_of_rounds, drain, session, write_posts
from contracts.rows import columns
from spark_jobs.cleaning import classify, clean_pin
from spark_jobs.cleaning.text import BLANKS, SENTINELS
from spark_jobs.schemas import CLEANED

# In DuckDB the rules for what the generator makes; hostile records are left to Spark.
DUCKDB_RULES = r"""
CREATE MACRO without_controls(t) AS CASE WHEN regexp_matches(t, '[\x00-\x1f\x7f-\x{9f}]')
    THEN regexp_replace(regexp_replace(t, '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]+', '', 'g'), '[\t\n\r]+', ' ', 'g')
    ELSE t END;
CREATE MACRO tidy(t) AS CASE WHEN regexp_matches(t, '[^ -~]') THEN trim(without_controls(t), '{blanks}')
    ELSE trim(t) END;
CREATE MACRO known(t) AS CASE WHEN t NOT IN ('', {sentinels}) THEN t END;
CREATE MACRO spread(t) AS regexp_full_match(t, '(?s).(,.)+');
CREATE MACRO joined(t) AS CASE WHEN t[2] = ',' AND spread(t) THEN regexp_replace(t, '(?s)(.),', '\1', 'g') ELSE t END;
CREATE MACRO scale(unit) AS CASE lower(unit) WHEN 'k' THEN 1000 WHEN 'm' THEN 1000000 ELSE 1 END;
CREATE MACRO number(t) AS TRY_CAST(rtrim(t, 'kKmM') AS DECIMAL(28, 6)) * scale(t[-1]);
CREATE MACRO followers(t) AS CASE WHEN regexp_full_match(t, '\d+(\.\d+)?[kKmM]?') AND number(t) % 1 = 0
    THEN TRY_CAST(number(t) AS BIGINT) END;
"""
DUCKDB_QUERY = """
SELECT "index" AS ind, known(tidy(unique_id)) AS unique_id, known(tidy(title)) AS title,
    known(tidy(description)) AS description, followers(tidy(follower_count)) AS follower_count,
    known(tidy(poster_name)) AS poster_name,
    known(tidy(joined(replace(joined(tidy(tag_list)), '#', '')))) AS tag_list,
    known(tidy(is_image_or_video)) AS is_image_or_video, known(tidy(image_src)) AS image_src,
    known(tidy(regexp_replace(tidy(save_location), '^(Local save in( +|$))+', ''))) AS save_location,
    known(tidy(category)) AS category
FROM read_ndjson('{lines}/*.txt', columns = {{{columns}}}) WHERE "index" IS NOT NULL
"""


def main(
    rows: Annotated[int, typer.Option(help="Posts.")] = 1_000_000,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/benchmarks.md.")] = False,
) -> None:
    """Measure it; the best round counts, for the first ones warm the JVM up."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as state_dir:
        size = write_posts(Path(folder), rows)
        spark = session(Path(state_dir))
        records = spark.read.text(folder)
        duck = duckdb_cleaning(folder)
        check_same_result(clean_pin(records), duck)
        seconds = best_of_rounds(
            {
                "parse": lambda: drain(parse(records)),
                "clean": lambda: drain(clean_pin(records)),
                "classify": lambda: drain(classify(records, "pin")),
                "duckdb": lambda: duck.aggregate("bit_xor(hash(COLUMNS(*)))").fetchall(),
            }
        )
        spark.stop()
    floor = seconds["parse"]
    report(
        f"Cleaning {rows:,} posts of {size // rows} bytes",
        [
            Row(
                "clean_pin; baseline: read and parse, not written", seconds["clean"], "s", floor, 2.5, "lower"
            ),
            Row(
                "classify, the records kept beside their rows",
                seconds["classify"],
                "s",
                floor,
                better="lower",
            ),
            Row("DuckDB, the same cleaning", seconds["duckdb"], "s", floor, better="lower"),
        ],
        packages=("pyspark", "duckdb"),
        write=write,
    )


def parse(records: DataFrame) -> DataFrame:
    """The source's columns as they are."""
    key, *texts = columns("pin")
    schema = ", ".join([f"`{key}` int", *(f"{name} string" for name in texts)])
    return records.select(fn.from_json("value", schema).alias("post")).select("post.*")


def duckdb_cleaning(folder: str) -> duckdb.DuckDBPyRelation:
    """DuckDB's query over the same lines; as many threads as there are CPUs, its default."""
    connection = duckdb.connect()
    sentinels = ", ".join(f"'{sentinel}'" for sentinel in SENTINELS)
    connection.execute(DUCKDB_RULES.replace("{blanks}", BLANKS).replace("{sentinels}", sentinels))
    key, *texts = columns("pin")
    kinds = ", ".join([f"'{key}': 'INTEGER'", *(f"{name}: 'VARCHAR'" for name in texts)])
    return connection.sql(DUCKDB_QUERY.format(lines=folder, columns=kinds))


def check_same_result(spark_rows: DataFrame, duck: duckdb.DuckDBPyRelation) -> None:
    """Both clean alike: in each column as many values, and as many characters in all."""
    names = CLEANED["pin"].names
    length = "sum(length(CAST({0} AS STRING)))"
    measures = [measure.format(name) for name in names for measure in ("count({0})", length)]
    of_spark = tuple(spark_rows.selectExpr(*measures).collect()[0])
    assert of_spark == duck.aggregate(", ".join(measures)).fetchall()[0], "Spark and DuckDB differ"


if __name__ == "__main__":
    typer.run(main)
