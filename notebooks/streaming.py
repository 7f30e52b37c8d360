# Databricks notebook source
# MAGIC %md
# MAGIC # From the streams to Delta tables
# MAGIC The streaming half of the course: read the three Kinesis streams, clean the records as they come, append them to Delta
# MAGIC tables.
# MAGIC
# MAGIC Send posts first, or meanwhile: `make emulate ARGS="stream"`. Then
# MAGIC `make notebook-run FILE=notebooks/streaming.py`; with `AT_MOST=600` it goes on for ten minutes.

# COMMAND ----------

dbutils.widgets.text("user_id", "0a1b2c3d4e5f", "USER_ID in .env")
user_id = dbutils.widgets.get("user_id")

# COMMAND ----------

# MAGIC %run ./cleaning

# COMMAND ----------

# MAGIC %md
# MAGIC A stream has no files in which Spark could look for columns: they have to be named. Each record comes as bytes in the
# MAGIC column `data`, beside where and when it arrived.

# COMMAND ----------

COLUMNS = {
    "pin": "index long, unique_id string, title string, description string, poster_name string, "
    "follower_count string, tag_list string, is_image_or_video string, image_src string, downloaded long, "
    "save_location string, category string",
    "geo": "ind long, timestamp string, latitude double, longitude double, country string",
    "user": "ind long, first_name string, last_name string, age long, date_joined string",
}


def streamed(table):
    arrived = (
        spark.readStream.format("kinesis")
        .option("streamName", f"streaming-{user_id}-{table}")
        .option("region", dbutils.secrets.get("aws", "region"))
        # From the oldest record that the stream still has.
        .option("initialPosition", "earliest")
        .option("awsAccessKey", dbutils.secrets.get("aws", "access_key_id"))
        .option("awsSecretKey", dbutils.secrets.get("aws", "secret_access_key"))
        .load()
    )
    record = F.from_json(F.col("data").cast("string"), COLUMNS[table])
    return arrived.select(record.alias("record")).select("record.*")

# COMMAND ----------

# DBTITLE 1,Clean what comes, and append it
# As in the course, a table that is appended to has each record: a post that is sent again is there twice. The
# pipeline's own streaming writer merges instead, so of each post the latest record counts.
def append(frame, name):
    """Start a query that writes a table; its checkpoint says how far it has come, so the next run goes on there."""
    return (
        frame.writeStream.queryName(name)
        .option("checkpointLocation", f"/notebooks/checkpoints/{user_id}_{name}")
        .start(f"/notebooks/{user_id}_{name}")
    )


queries = []
for table, clean in {"pin": clean_pin, "geo": clean_geo, "user": clean_user}.items():
    queries.append(append(clean(streamed(table)), table))
    # It goes on in the background. Three that begin at once would start three Python processes at once.
    queries[-1].processAllAvailable()

# COMMAND ----------

# DBTITLE 1,Look at the tables
for query in queries:
    table = spark.read.load(f"/notebooks/{user_id}_{query.name}")
    print(f"{query.name}: {table.count():,} rows")
    display(table.orderBy("ind"))
