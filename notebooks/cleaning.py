# Databricks notebook source
# MAGIC %md
# MAGIC # Cleaning, as functions
# MAGIC Two notebooks take these with `%run ./cleaning`: `batch` and `streaming`. A function takes a DataFrame of records as
# MAGIC they were sent and returns one of cleaned rows; whether it is read from files or from a stream makes no difference.
# MAGIC
# MAGIC The pipeline itself cleans more strictly and says why a record was rejected (`spark_jobs/cleaning`). Here it is kept
# MAGIC short: what cannot be read becomes null.

# COMMAND ----------

from pyspark.sql import functions as F

# What the source writes where it has nothing to say.
PLACEHOLDERS = [
    "",
    "User Info Error",
    "No description available",
    "No description available Story format",
    "No Title Data Available",
    "No Tags Available",
    "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e",
    "Image src error.",
]


def tidy(frame):
    """Trim every text, put a blank for line breaks and tabs, and make placeholders null."""
    columns = []
    for name, kind in frame.dtypes:
        column = F.col(f"`{name}`")
        if kind == "string":
            text = F.trim(F.regexp_replace(column, r"[\r\n\t]+", " "))
            column = F.when(~text.isin(PLACEHOLDERS), text)
        columns.append(column.alias(name))
    return frame.select(columns)

# COMMAND ----------

# MAGIC %md
# MAGIC `follower_count` comes as `437`, `12k` or `3M`: the digits are multiplied by what the letter stands for. On Databricks'
# MAGIC older runtimes, and here, a cast of what is no number gives null.

# COMMAND ----------

def clean_pin(records):
    letter = F.upper(F.regexp_extract("follower_count", "([kKmM])$", 1))
    factor = F.when(letter == "K", 1_000).when(letter == "M", 1_000_000).otherwise(1)
    digits = F.regexp_replace("follower_count", "[kKmM]$", "")
    return tidy(records).select(
        F.col("index").cast("int").alias("ind"),
        "unique_id",
        "title",
        "description",
        (digits.cast("decimal(18, 3)") * factor).cast("bigint").alias("follower_count"),
        "poster_name",
        F.regexp_replace("tag_list", "#", "").alias("tag_list"),
        "is_image_or_video",
        "image_src",
        F.regexp_replace("save_location", "^Local save in ", "").alias("save_location"),
        "category",
    )

# COMMAND ----------

def clean_geo(records):
    return tidy(records).select(
        F.col("ind").cast("int"),
        "country",
        F.array(F.col("latitude").cast("double"), F.col("longitude").cast("double")).alias("coordinates"),
        F.to_timestamp("timestamp").alias("timestamp"),
    )


def clean_user(records):
    return tidy(records).select(
        F.col("ind").cast("int"),
        F.concat_ws(" ", "first_name", "last_name").alias("user_name"),
        F.col("age").cast("int"),
        F.to_timestamp("date_joined").alias("date_joined"),
    )
