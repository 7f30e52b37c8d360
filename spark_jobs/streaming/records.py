"""The records that the streaming queries read: records of Kinesis or Kafka, their data as text in `value`."""

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from common.clients import aws_options
from common.kafka_security import java_options
from common.settings import Settings
from contracts.kafka_access import Principal
from contracts.tables import TABLES

# Bounds a micro-batch's memory (25 MB of posts) while a backlog is read; 10,000 records a second are held.
BATCH_RECORDS = 20_000


def from_kinesis(spark: SparkSession, settings: Settings) -> DataFrame:
    """The three tables' streams, from their oldest records.

    Returns:
        `stream, shard, sequence_number, partition_key, arrived_at, value`.
    """
    options = {
        "streamName": ",".join(map(settings.stream, TABLES)),
        "region": settings.aws.region,
        "initialPosition": "earliest",
        "maxRecordsPerTrigger": str(BATCH_RECORDS),
        # A shard gives 5 reads and 2 MB a second; LocalStack takes 20 ms of a core for each read, also of nothing.
        "minFetchPeriod": "500ms",
        "maxFetchRate": "2",
        # A stream made again is read from its start, with a warning: its records are new, and none is lost.
        "failOnDataLoss": "false",
    } | _access(settings)
    records = spark.readStream.format("kinesis").options(**options).load()
    return records.select(
        "stream",
        fn.col("shardId").alias("shard"),
        fn.col("sequenceNumber").alias("sequence_number"),
        fn.col("partitionKey").alias("partition_key"),
        fn.col("approximateArrivalTimestamp").alias("arrived_at"),
        _text(fn.col("data")).alias("value"),
    )


def _access(settings: Settings) -> dict[str, str]:
    """Endpoint and keys where they are set, else Kinesis' own and wherever boto3 finds some."""
    given = aws_options(settings)
    options = {
        "endpointUrl": given["endpoint_url"],
        "awsAccessKey": given["aws_access_key_id"],
        "awsSecretKey": given["aws_secret_access_key"],
        "awsSessionToken": given["aws_session_token"],
    }
    return {name: value for name, value in options.items() if value}


def from_kafka(spark: SparkSession, settings: Settings, topic: str) -> DataFrame:
    """A topic, from its oldest record, as `topic, partition, offset, value`."""
    login = java_options(settings, Principal.STREAMING_WRITER)
    options = {
        "kafka.bootstrap.servers": settings.kafka.bootstrap_servers,
        **{f"kafka.{name}": value for name, value in login.items()},
        # A query's own groups begin so: the name to which Kafka has granted the reading.
        "groupIdPrefix": f"{settings.user_id}-streaming-writer",
        "subscribe": topic,
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": str(BATCH_RECORDS),
        # A task ends with a fetch for records after its own, and the next one has to wait that out: 0.5 s by default.
        "kafka.fetch.max.wait.ms": "10",
    }
    records = spark.readStream.format("kafka").options(**options).load()
    return records.select("topic", "partition", "offset", _text(fn.col("value")).alias("value"))


def _text(data: Column) -> Column:
    """The bytes as text; bytes that are not UTF-8, which cannot be JSON, all as `\\x..`: nothing is lost."""
    text = data.cast("string")
    escaped = fn.regexp_replace(fn.lower(fn.hex(data)), "(..)", r"\\x$1")
    return fn.when(fn.is_valid_utf8(text), text).otherwise(escaped)
