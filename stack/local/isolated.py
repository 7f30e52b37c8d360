"""An isolated stack, for tests and benchmarks: settings on free ports, and its servers as child processes."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from common import health
from common.settings import LOOPBACK, ROOT, VARIABLES, Settings
from common.wait import wait_until
from stack.dotenv import generated

# LocalStack needs 20 s on two idle cores; four times that among three processes of tests with servers and Spark; twice
# that.
START_SECONDS = 160.0
STOP_SECONDS = 30.0


# Processes of pytest that run side by side: a run without workers, and the workers gw0, gw1 and gw2 of another.
_SHARES = 4


def ports_of(worker: str | None) -> range:
    """Return the ports for servers of one of pytest's workers, or of a process that is none: others take others.

    Below those that Linux gives to clients' connections, 32768 and up: a killed server finds its port free when it
    starts again, though clients have looked for it all the while.
    """
    number = int(worker.removeprefix("gw")) + 1 if worker else 0
    return range(20_000 + number % _SHARES, 32_768, _SHARES)


# In an order of this process's own, so that two with the same share seldom meet.
_PORTS = ports_of(os.environ.get("PYTEST_XDIST_WORKER"))
_ports = cycle(secrets.SystemRandom().sample(_PORTS, len(_PORTS)))


def free_port() -> int:
    """Return a port that nothing listens on now."""
    return next(filter(_is_free, _ports))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def make_settings(state_dir: Path, **values: object) -> Settings:
    """Return the settings of a stack of its own: free ports, fresh secrets, nothing from .env or the environment.

    `values` are by variable: `make_settings(folder, KAFKA_PARTITIONS=3)`.
    """
    own = {
        **generated(),
        "USER_ID": secrets.token_hex(6),
        "STATE_DIR": state_dir,
        **{name: free_port() for name in VARIABLES if name.endswith("_PORT")},
    }
    return Settings.from_variables(own | values)


class ServiceProcess:
    """A program under test: `python -m <module> ...` with its output in a file.

    As a context manager it starts at entry and is stopped at exit, with its whole process group.
    """

    def __init__(
        self, settings: Settings, *command: str, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.command = (sys.executable, "-m", *command)
        self.environment = {**os.environ, **settings.environment(), **(env or {})}
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it; the log goes on where it was."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process id of the program, which has been started."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """Return whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def wait_healthy(self, check: Callable[[], bool], timeout: float = START_SECONDS) -> None:
        """Return once `check` is true; fail with the log if the program ends or stays silent."""

        def healthy_or_dead() -> bool:
            return not self.running or check()

        try:
            wait_until(healthy_or_dead, timeout=timeout, what=f"{self.command} to be healthy")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.output()[-4000:]}") from None
        if not self.running:
            raise RuntimeError(f"{self.command} ended:\n{self.output()[-4000:]}")

    def signal(self, number: int) -> None:
        """Send a signal to the program itself."""
        self._started().send_signal(number)

    def kill(self) -> None:
        """kill -9 of the whole process group; returns when it is dead."""
        self._signal_group(signal.SIGKILL)
        self._wait()

    def stop(self) -> int | None:
        """SIGTERM, then SIGKILL if it does not end; returns the exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                self._wait()
            except subprocess.TimeoutExpired:
                self.kill()
        self._signal_group(signal.SIGKILL)
        return self.process.returncode if self.process else None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status once it has ended by itself.

        Raises:
            subprocess.TimeoutExpired: it has not after `timeout` seconds.
        """
        return self._started().wait(timeout)

    def _wait(self) -> None:
        self.wait(STOP_SECONDS)

    def _started(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            raise RuntimeError(f"{self.command} has not been started")
        return self.process

    def _signal_group(self, number: int) -> None:
        """Signal what is left of the group, also where its leader has ended."""
        if self.process is None:
            return
        for process in psutil.process_iter():
            try:
                if os.getpgid(process.pid) == self.process.pid:
                    process.send_signal(number)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue

    def output(self) -> str:
        """All it has printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def launch_server(stack: ExitStack, settings: Settings, name: str) -> ServiceProcess:
    """Start a server of docker-compose.yml as local mode does, return once it is healthy; `stack` stops it.

    Raises:
        RuntimeError: it ended; with its log.
        TimeoutError: it is not healthy within START_SECONDS; with its log.
    """
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    log = settings.state_dir / f"{name}.test.log"
    server = stack.enter_context(ServiceProcess(settings, "stack.local.launch", name, log=log))
    server.wait_healthy(lambda: health.problem(name, settings) is None)
    return server
