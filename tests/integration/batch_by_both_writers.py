"""Run the batch job on all that has landed, once for each writer: `python -m tests.integration.batch_by_both_writers`.

Few rows in local mode are written by delta-rs. Spark, which writes on a cluster and where rows are many, asks more
of S3; the job's rights are for both.
"""

from unittest import mock

from common.clients import delta_options
from common.settings import load_settings
from spark_jobs.batch import run
from spark_jobs.batch.job import run_batch
from spark_jobs.batch.ways import in_process, spread


def main() -> None:
    """Fail where a run finds nothing to do."""
    settings = load_settings()
    # Spark first: it asks more where there is no table yet.
    for way in (spread(), in_process(delta_options(settings))):
        with mock.patch.object(run, "way", return_value=way):
            assert run_batch(settings, full=True)


if __name__ == "__main__":
    main()
