"""The daily batch run. docs/airflow.md has the picture, and what to do when a run fails."""

from datetime import timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, CronTriggerTimetable, Param

from contracts.tables import TABLES
from operations.airflow import spark, tasks

with DAG(
    "pinterest_batch",
    description="Clean what has landed, serve it, prove that nothing was lost, keep the nine answers",
    # With a start_date, or within run_immediately of noon, a fresh Airflow would make up for the last noon at once.
    schedule=CronTriggerTimetable("0 12 * * *", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    # It starts by itself at noon, from the first day on; DAGs of the user's are switched on by hand, as on MWAA.
    is_paused_upon_creation=False,
    max_active_runs=1,
    params={
        "full": Param(False, type="boolean", description="Rebuild all from the landing zone"),
        "table": Param("all", enum=["all", *TABLES], description="Only this table's records"),
    },
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
    },
    user_defined_macros={"jvm": spark.jvm},
    tags=["pinterest"],
    doc_md=__doc__,
) as dag:
    landed = tasks.LandedSensor(
        task_id="landed",
        poke_interval=2,
        timeout=300,  # a million posts land in 150 s
    )
    clean_and_publish = SparkSubmitOperator(
        task_id="clean_and_publish",
        application=spark.BATCH_JOB,
        application_args=[
            "{{ '--full' if params.full else '--no-full' }}",
            "--table={{ params.table }}",
        ],
        conf=spark.options(),
        # A full rebuild of a million posts takes 3 minutes.
        execution_timeout=timedelta(minutes=30),
    )
    reconcile = PythonOperator(
        task_id="reconcile",
        python_callable=tasks.reconcile,
        op_kwargs={"run_id": "{{ run_id }}", "ends": landed.output, "tables": "{{ params.table }}"},
        execution_timeout=timedelta(minutes=15),
    )
    answers = PythonOperator(
        task_id="answers",
        python_callable=tasks.keep_answers,
        op_kwargs={"run_id": "{{ run_id }}"},
        execution_timeout=timedelta(minutes=5),
    )
    landed >> clean_and_publish >> reconcile >> answers
