"""Hand the batch job from the DAG to spark-submit."""

from common.clients import s3_client
from common.settings import ROOT, load_settings
from contracts.tables import TABLES, OneTableOrAll
from spark_jobs.batch.plan import make_plan
from spark_jobs.session.spark import submit_options

BATCH_JOB = str(ROOT / "spark_jobs" / "batch" / "__main__.py")
_JVM = "spark.driver.extraJavaOptions"


def options() -> dict[str, str]:
    """The Spark options that must be known before the job's own Python starts.

    Those of the JVM depend on how much there is to do, so Airflow asks for them (`jvm`) when the task starts.
    """
    return submit_options(load_settings(), brief=True) | {_JVM: "{{ jvm(params.full, params.table) }}"}


def jvm(full: bool, table: OneTableOrAll) -> str:
    """The JVM's options for a run that begins now.

    Raises:
        spark_jobs.batch.plan.PlanError, spark_jobs.batch.landing.LandingError: as the job itself would.
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: S3 is down.
    """
    settings = load_settings()
    tables = TABLES if table == "all" else (table,)
    # Whether Postgres serves rows makes no difference to how much there is to read.
    plan = make_plan(s3_client(settings), settings, full=full, serving=True, tables=tables)
    return submit_options(settings, brief=plan.is_brief)[_JVM]
