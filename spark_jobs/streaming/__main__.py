"""`python -m spark_jobs.streaming`: run the streaming queries until SIGTERM or Ctrl-C."""

import signal
import threading

from pyspark_kinesis_source import KinesisDataSource

from common.clients import s3_client
from common.log import configure
from common.set_back import end_when_set_back
from common.settings import load_settings
from common.state_file import StateFile
from spark_jobs.session.spark import spark_session
from spark_jobs.streaming import rounds
from spark_jobs.streaming.queries import all_queries
from spark_jobs.streaming.runner import Runner
from spark_jobs.streaming.status import LagMeter, describe

_ROUND_SECONDS = 0.5


def main() -> None:
    """Run the service; SIGTERM and SIGINT end it, and what was under way comes again at the next start."""
    settings, log = load_settings(), configure("streaming-writer")
    end_when_set_back("streaming-writer")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    state = StateFile(settings.state_dir, "streaming-writer")
    log.info("starting Spark")
    spark = spark_session(settings, "streaming-writer", streaming=True)
    spark.dataSource.register(KinesisDataSource)
    s3 = s3_client(settings)
    runners = [Runner(settings, s3, query) for query in all_queries(spark, settings)]
    log.info("started", queries=len(runners), bucket=settings.bucket)
    try:
        run(state, runners, stop)
    finally:
        for runner in runners:
            runner.stop()
        spark.stop()
    log.info("stopped")


def run(state: StateFile, runners: list[Runner], stop: threading.Event) -> None:
    """Tend the queries and say how they are, until `stop` is set."""
    lags = LagMeter()
    rounds.start("lag", lags.measure, runners, stop)
    rounds.start("checkpoints", Runner.look_at_checkpoint, runners, stop)
    while not stop.wait(_ROUND_SECONDS):
        for runner in runners:
            runner.tend()
        state.write(lambda: describe(runners, lags))


if __name__ == "__main__":
    main()
