"""Batch runs on real LocalStack, Postgres and Spark: one session for these files, a fresh bucket for each test."""

import secrets
from collections.abc import Iterator
from contextlib import closing

import pytest
from pyspark.sql import SparkSession

from common.clients import postgres_connection
from common.settings import Settings
from services.provision.databases import ensure_schema
from spark_jobs.session.spark import spark_session
from tests.integration.batch.zone import Zone

_FILLED = "batch.pin, batch.geo, batch.users, quarantine.batch, quarantine.replayed, ops.batch_runs"


@pytest.fixture(scope="package")
def spark(localstack: Settings) -> Iterator[SparkSession]:
    """The session that the runs in this process find."""
    small = localstack.replace(SPARK_MASTER="local[2]")
    session = spark_session(small, "batch", brief=True)
    session.conf.set("spark.sql.shuffle.partitions", "2")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def served(postgres: Settings) -> Settings:
    """Postgres with its schemas, empty."""
    ensure_schema(postgres)
    return postgres


@pytest.fixture
def zone(served: Settings, spark: SparkSession) -> Zone:
    """A fresh bucket, and nothing of the batch path in Postgres."""
    with closing(postgres_connection(served)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_FILLED} CASCADE")
    return Zone(served.replace(USER_ID=secrets.token_hex(6)), spark)
