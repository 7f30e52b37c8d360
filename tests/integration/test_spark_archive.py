"""The archive that `make setup` made is what a job's JVM takes its classes from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.environment import MARK
from common.settings import ROOT
from stack.local.isolated import make_settings
from tests.servers import IN_CONTAINERS

START = """
from common.settings import load_settings
from spark_jobs.session.spark import spark_session
spark_session(load_settings(), "archive", brief=True).range(3).count()
"""


@pytest.mark.skipif(IN_CONTAINERS, reason="the images of Spark have no archive: it would double them")
def test_spark_starts_from_the_archive(tmp_path: Path) -> None:
    log = tmp_path / "classes.txt"
    # To a program that takes its environment as it is, since options of the caller's do not come in otherwise.
    told = {"SPARK_SUBMIT_OPTS": f"-Xlog:class+load:file={log}", MARK: "composed"}
    environment = os.environ | make_settings(tmp_path).environment() | told
    # A start takes 3 to 8 s, four times that on a busy machine.
    subprocess.run([sys.executable, "-c", START], cwd=ROOT, env=environment, check=True, timeout=60)
    sources = [
        line for line in log.read_text().splitlines() if " org.apache.spark.SparkContext source: " in line
    ]
    assert [line.rpartition("source: ")[2] for line in sources] == ["shared objects file (top)"]
