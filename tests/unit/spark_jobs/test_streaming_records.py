"""Spark's Kafka source logs in as the streaming writer, and shows the password nowhere."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs.streaming.records import from_kafka
from stack.local.isolated import make_settings


def test_a_plan_does_not_show_the_password(
    spark: SparkSession, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Logs and Spark's pages have a query's plan, and an error may have it too."""
    settings = make_settings(tmp_path, KAFKA_SECURITY="sasl")
    records = from_kafka(spark, settings, "t")
    records.explain("extended")
    execution = records._jdf.queryExecution()
    shown = execution.toString() + execution.logical().treeString() + capfd.readouterr().out
    assert "kafka" in shown.lower()
    assert settings.kafka.streaming_writer_password.get_secret_value() not in shown
