"""A process with a Spark session leaves nothing behind where it ends without stopping it, as the batch job does."""

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from common.settings import ROOT
from stack.local.isolated import make_settings

JOB = """
import os
from common.settings import load_settings
from spark_jobs.session.spark import spark_session
spark = spark_session(load_settings(), "sockets", brief=True)
assert spark.range(3).mapInArrow(lambda rows: rows, "id long").count() == 3
spark.sql("SELECT 1").collect()
folder = spark.conf.get("spark.python.unix.domain.socket.dir")
spark._jvm.org.apache.logging.log4j.LogManager.getLogger("log").error("a title \\x1b[2J")
temporary = spark._jvm.System.getProperty("java.io.tmpdir")
print(folder, len(os.listdir(folder)), spark.conf.get("spark.sql.warehouse.dir"), temporary)
"""


def test_its_sockets_are_removed_and_where_it_starts_nothing_is_made(tmp_path: Path) -> None:
    here, state = tmp_path / "here", tmp_path / "a state"
    here.mkdir()
    killed = subprocess.Popen(["true"])
    killed.wait()
    left = [
        state / "spark" / str(killed.pid) / "blockmgr-1",
        Path("/tmp", f"spark-sockets-{uuid.uuid4().hex}-{killed.pid}"),  # noqa: S108 - where they are
    ]
    for folder in left:
        folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", JOB],
        cwd=here,
        env=os.environ
        | make_settings(state).environment()
        | {"SPARK_MASTER": "local[2]", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=180,  # a start and a job take 6 to 10 s; a minute was too little at a load of 20
    )
    assert "incubator" not in done.stderr  # a module that Java warns of
    assert re.search(r"^\S+ ERROR log: a title \?\[2J$", done.stderr, re.M)
    sockets, count, warehouse, *temporary = done.stdout.strip().split(maxsplit=3)
    assert int(count) >= 2  # the driver's own, and that to the workers
    assert not Path(sockets).exists()
    assert Path(*temporary).parent == state / "spark"
    assert [folder for folder in left if folder.exists()] == []
    assert [*here.iterdir()] == []  # by default Spark's spark-warehouse
    assert Path(unquote(urlsplit(warehouse).path)).is_relative_to(state / "spark")
