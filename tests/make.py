"""The commands of a checkout's Makefile."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from common.settings import ROOT


class Make:
    """Runs targets of a Makefile for one stack."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, patience: float, folder: Path = ROOT
    ) -> None:
        """`environment` is all that make gets, but for what an outer make has set; `patience` is in seconds."""
        self.environment = {name: text for name, text in environment.items() if not name.startswith("MAKE")}
        self.log = log
        self.patience = patience
        self.folder = folder

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make <words>`, whatever its status; what it printed is its `stdout`."""
        with self.log.open("w") as log:
            try:
                status = subprocess.run(
                    ["make", *words],
                    cwd=self.folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=self.patience,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(f"{error}\n{self.log.read_text()}") from None
        return subprocess.CompletedProcess(words, status, stdout=self.log.read_text())

    def __call__(self, *words: str) -> str:
        """`make <words>`, which must succeed; returns what it printed."""
        result = self.run(*words)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def interrupted(self, *words: str, at: str) -> str:
        """`make <words>`, which gets Ctrl-C, without a terminal, when it has printed `at`; returns what it printed."""
        with subprocess.Popen(
            ["make", *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as command:
            printed = []
            for line in command.stdout or ():
                printed.append(line)
                if at in line:
                    os.killpg(command.pid, signal.SIGINT)
                    at = "\0"  # once
        return "".join(printed)
