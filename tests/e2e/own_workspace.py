"""A user's own folders, as a course's repository has them: DAGs for Airflow 2, and the notebooks that they submit."""

from pathlib import Path

# The DAGs, each of which submits the notebook of its name, and the table that the one notebook writes.
SUMMARY, FAILING = "own_summary", "own_failing"
TABLE = "posts_by_category"

_DAGS = """
from datetime import datetime, timedelta
from airflow.models import DAG
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

default_args = {"owner": "me", "depends_on_past": False, "email_on_failure": False, "email_on_retry": False,
                "retries": 0, "retry_delay": timedelta(minutes=2), "start_date": datetime(2024, 1, 27)}


def dag_of(name):
    with DAG(name, schedule_interval="@daily", catchup=False, default_args=default_args) as dag:
        DatabricksSubmitRunOperator(
            task_id="submit_run",
            databricks_conn_id="databricks_default",
            existing_cluster_id="1108-162752-8okw8dgg",
            notebook_task={"notebook_path": f"/Users/me@example.org/{name}", "base_parameters": {"table": "pin"}},
            polling_period_seconds=1,
        )
    return dag


summary, failing = dag_of("own_summary"), dag_of("own_failing")
"""
_SUMMARY = """# Databricks notebook source
bucket = dbutils.secrets.get("aws", "s3_mount_bucket_name")
posts = spark.read.format("delta").load(f"s3a://{bucket}/delta_tables/cleaned/{dbutils.widgets.get('table')}")

# COMMAND ----------

posts.groupBy("category").count().write.mode("overwrite").saveAsTable("posts_by_category")

# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT count(*) || ' categories' FROM posts_by_category
"""
_FAILING = """# Databricks notebook source
print("so far")

# COMMAND ----------

raise ValueError("no posts of " + dbutils.widgets.get("table"))
"""


def write_dags(folder: Path) -> Path:
    """Write the DAGs into a new folder, and return it."""
    folder.mkdir()
    (folder / "daily.py").write_text(_DAGS)
    return folder


def write_notebooks(folder: Path) -> Path:
    """Write the notebooks into a new folder, and return it."""
    folder.mkdir()
    (folder / f"{SUMMARY}.py").write_text(_SUMMARY)
    (folder / f"{FAILING}.py").write_text(_FAILING)
    return folder
