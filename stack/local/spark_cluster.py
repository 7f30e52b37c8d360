"""Spark's standalone cluster as child processes on loopback, for tests and benchmarks."""

import sys
from pathlib import Path

from common.settings import LOOPBACK, Settings
from stack.containers import health
from stack.local.isolated import ServiceProcess


class SparkDaemon(ServiceProcess):
    """A master or a worker: `spark-class <words>`, on loopback alone."""

    def __init__(self, settings: Settings, log: Path, daemon: str, *words: str) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        env = {**keys, "SPARK_LOCAL_IP": LOOPBACK, "SPARK_DAEMON_MEMORY": "128m"}
        env |= {"PYSPARK_PYTHON": sys.executable}  # by which spark-class finds Spark
        env |= {"SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}  # as the stack's
        super().__init__(settings, log=log, env=env)
        program = Path(sys.executable).with_name("spark-class")
        self.command = (str(program), f"org.apache.spark.deploy.{daemon}", "--host", LOOPBACK, *words)


def workers_alive(page: str, executing: int = 0) -> int:
    """Return how many workers the master has that run tasks of so many places or more, by its web page's address."""
    try:
        found = health.page(f"{page}/json/")["workers"]
    except (OSError, ValueError):  # its page is not there yet, or empty
        return 0
    return sum(worker["state"] == "ALIVE" and worker["coresused"] >= executing for worker in found)
