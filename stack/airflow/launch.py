"""Become one of Airflow's processes: `python -m stack.airflow.launch api-server|scheduler|dag-processor`."""

import os
import sys

from common.settings import load_settings
from stack.airflow.environment import environment


def main(arguments: list[str]) -> None:
    """Replace this process with `airflow <arguments>`, configured from the settings."""
    settings = load_settings()
    variables = {**os.environ, **settings.environment(), **environment(settings)}
    command = [sys.executable, "-m", "airflow", *arguments]
    os.execve(command[0], command, variables)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
