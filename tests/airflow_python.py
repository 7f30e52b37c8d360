"""A program in a process that has Airflow's environment, without Airflow's database."""

import json
import os
import subprocess
import sys
from typing import Any

from common.settings import ROOT, Settings
from stack.airflow.environment import environment


def output_of(program: str, settings: Settings) -> Any:  # noqa: ANN401 - JSON
    """Run Python code, and return the JSON that is the last line it prints."""
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{settings.state_dir}/none.db"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **settings.environment(), **environment(settings), **database},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
