"""How the DAG hands the batch job to spark-submit."""

from services.common.settings import ROOT, load_settings
from services.spark.session import submit_options

BATCH_JOB = str(ROOT / "spark_jobs" / "batch.py")


def options() -> dict[str, str]:
    """The Spark options that must be known before the job's own Python starts."""
    return submit_options(load_settings())
