"""The daily batch run on MWAA: wait for what has landed, clean it, ask the nine queries.

Each task is one of ECS (terraform/managed). The task `reconcile` of airflow/dags/pinterest_batch.py is not here:
`make verify` compares what runs locally.
"""

import os
from datetime import timedelta

from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.sdk import DAG, Param


def option(name: str) -> str:
    """Return what Terraform has set as `pinterest.<name>` in the environment's configuration."""
    return os.environ[f"AIRFLOW__PINTEREST__{name.upper()}"]


def task(task_id: str, command: list[str], execution_timeout: timedelta) -> EcsRunTaskOperator:
    """Return a task that runs the command in a container of the batch run's, and shows its log."""
    network = {"subnets": option("subnets").split(","), "securityGroups": [option("security_group")]}
    return EcsRunTaskOperator(
        task_id=task_id,
        region_name=option("region"),
        cluster=option("cluster"),
        task_definition=option("task_definition"),
        launch_type="FARGATE",
        network_configuration={"awsvpcConfiguration": {**network, "assignPublicIp": "DISABLED"}},
        overrides={"containerOverrides": [{"name": "batch", "command": command}]},
        awslogs_group=option("log_group"),
        awslogs_region=option("region"),
        awslogs_stream_prefix="batch/batch",
        execution_timeout=execution_timeout,
    )


with DAG(
    "pinterest_batch",
    description="Clean what has landed, serve it, ask the nine queries",
    schedule="0 12 * * *",
    catchup=False,
    max_active_runs=1,
    params={"full": Param(False, type="boolean", description="Rebuild all from the landing zone")},
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=5),
    },
    tags=["pinterest"],
    doc_md=__doc__,
) as dag:
    batch = ["python", "-m", "spark_jobs.batch", "{{ '--full' if params.full else '--no-full' }}"]
    landed = task("landed", ["python", "-m", "services.s3_sink.catch_up"], timedelta(minutes=10))
    clean_and_publish = task("clean_and_publish", batch, timedelta(minutes=30))
    answers = task("answers", ["python", "-m", "operations.query"], timedelta(minutes=10))
    landed >> clean_and_publish >> answers
