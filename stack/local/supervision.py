"""supervisord for the services of local mode: its configuration, and talking to it.

It listens on a socket of its own that only this account may open (XML-RPC, supervisord.org/api.html).
"""

import hashlib
import json
import os
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from common.environment import composed, setting_names
from common.settings import ROOT, Settings
from common.wait import wait_until
from stack.kafka import client
from stack.local.compose import Service

# Kafka's controlled shutdown and MySQL's flush take 2-5 s on an idle machine; ten times that on a busy one.
_STOP_SECONDS = 45
# supervisord stops one after the other. Two that do not end by themselves, as MySQL and LocalStack after the clock was
# set back, take all of their time; the others together as long again.
_SHUTDOWN_SECONDS = 3 * _STOP_SECONDS
# supervisord itself starts in half a second.
_START_SECONDS = 15
# unix(7) allows 107 bytes; supervisord binds under a longer name first (a dot and its pid).
_LONGEST_SOCKET = 95
# Names the file of the settings with which the stack runs, for the services' own start.
_NOTE = "PIPELINE_SETTINGS"
# What the services make in STATE_DIR.
STATE_FOLDERS = (
    *("airflow", "jupyter", "kafka", "localstack", "logs", "mysql"),
    *("postgres", "run", "spark", "workspace"),
)


@dataclass(frozen=True)
class ProcessState:
    """supervisord's state of a service.

    Attributes:
        name: one of supervisord's states: RUNNING, EXITED, BACKOFF (it ended, and is started again) ...
        exit_status: of the process that ended last.
        pid: 0 where there is no process.
        spawn_error: why there is none.
        ended_at: when the last one ended, in seconds since 1970; 0 where none has.
    """

    name: str
    exit_status: int
    pid: int
    spawn_error: str
    ended_at: int = 0

    @property
    def ended_well(self) -> bool:
        """Return whether a one-shot service has done its work."""
        return self.name == "EXITED" and self.exit_status == 0

    @property
    def end(self) -> str:
        """Return how the last process ended; for supervisord any signal is the status -1."""
        return "was ended by a signal" if self.exit_status < 0 else f"ended with status {self.exit_status}"

    @property
    def active(self) -> bool:
        """Return whether a process runs, or is about to."""
        return self.name in ("STARTING", "RUNNING", "BACKOFF")


def socket_path(settings: Settings) -> Path:
    """In STATE_DIR; where that makes it too long for a socket, in /tmp."""
    path = settings.state_dir / "run" / "supervisor.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    digest = hashlib.sha256(os.fsencode(settings.state_dir)).hexdigest()[:12]
    return Path(f"/tmp/pinterest-pipeline-{os.getuid()}-{digest}.sock")  # noqa: S108 - its mode is 0700


def log_path(settings: Settings, service: str) -> Path:
    """The log file of a service: standard output and error."""
    return settings.state_dir / "logs" / f"{service}.log"


def configuration(settings: Settings, services: Iterable[Service]) -> str:
    """The text of supervisord.conf for these services, in whose reverse order it will stop them.

    So each ends while what it depends on still answers; by default the order is that of their names.
    """
    run, socket = _literal(settings.state_dir / "run"), _literal(socket_path(settings))
    head = f"""\
[supervisord]
logfile={run}/supervisord.log
logfile_maxbytes=10MB
logfile_backups=2
pidfile={run}/supervisord.pid
childlogdir={run}
directory={_literal(ROOT)}
umask=077

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}
"""
    programs = (_program(settings, service, place) for place, service in enumerate(services, start=1))
    return "\n".join([head, *programs])


def _literal(value: object) -> str:
    """A value in supervisord.conf, where % begins an expansion."""
    return str(value).replace("%", "%%")


def _program(settings: Settings, service: Service, place: int) -> str:
    # A one-shot service may end at once. Any other is started again for ever, as a container is: what it lacks may be
    # away for long. Of one that ends within 20 s (a JVM with a wrong setting takes 2 s to say so, provisioning 10) each
    # next start waits a second longer: after an hour without Postgres for 80 s, as 80 * 81 / 2 s are 54 minutes.
    life = (
        "autorestart=false\nstartsecs=0"
        if service.one_shot
        else f"autorestart=true\nstartsecs=20\nstartretries={sys.maxsize}"
    )
    return f"""\
[program:{service.name}]
autostart={str(service.enabled).lower()}
priority={place}
command="{_literal(sys.executable)}" -m stack.local.launch {service.name}
environment=CONFIGURATION="{service.digest}"
{life}
stdout_logfile={_literal(log_path(settings, service.name))}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
redirect_stderr=true
stopwaitsecs={_STOP_SECONDS}
stopasgroup=true
killasgroup=true
"""


def server(settings: Settings) -> Any:  # noqa: ANN401 - XML-RPC has no types
    """supervisord's own interface.

    Raises:
        OSError: at the first call, where nothing listens on the socket.
    """
    transport = SupervisorTransport(None, None, f"unix://{socket_path(settings)}")
    return xmlrpc.client.ServerProxy("http://localhost", transport).supervisor


def running(settings: Settings) -> bool:
    """Return whether supervisord answers."""
    try:
        server(settings).getState()
    except OSError:
        return False
    return True


def states(settings: Settings) -> dict[str, ProcessState]:
    """The state of each service; empty where the stack is not up."""
    try:
        answer = server(settings).getAllProcessInfo()
    except OSError:
        return {}
    return {
        one["name"]: ProcessState(
            one["statename"], one["exitstatus"], one["pid"], one["spawnerr"], one["stop"]
        )
        for one in answer
    }


def ended_well(settings: Settings, service: str) -> bool:
    """Return whether a one-shot service has run to its end with status 0."""
    state = states(settings).get(service)
    return state is not None and state.ended_well


def start(settings: Settings, services: Iterable[Service]) -> None:
    """Start supervisord, or give the running one the present configuration and settings."""
    make_folders(settings)
    file = settings.state_dir / "run" / "supervisord.conf"
    file.write_text(configuration(settings, services))
    note = _note(settings)
    note.touch(mode=0o600)
    note.write_text(json.dumps(settings.environment()))
    client.write(settings)
    if running(settings):
        _update(settings)
        return
    program = Path(sys.executable).with_name("supervisord")
    # Without settings: each service reads at its own start those of the last `make up`, from .env and from its shell.
    variables = composed(os.environ, without=setting_names()) | {_NOTE: str(note)}
    command = [sys.executable, str(program), "-c", str(file)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env=variables)
    wait_until(lambda: running(settings), timeout=_START_SECONDS, what="supervisord to answer")


def make_folders(settings: Settings) -> None:
    """Those of STATE_DIR, for this account alone, whatever its umask: logs and data are nobody else's business."""
    for name in STATE_FOLDERS:
        folder = settings.state_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)


def _note(settings: Settings) -> Path:
    return settings.state_dir / "run" / "settings.json"


def noted_settings() -> dict[str, str]:
    """The settings with which the stack runs, for a process that supervisord has started; else nothing."""
    note = os.environ.get(_NOTE)
    settings: dict[str, str] = json.loads(Path(note).read_text()) if note else {}
    return settings


def _update(settings: Settings) -> None:
    """Do as `supervisorctl update`: stop what has gone or changed, start what is new."""
    remote = server(settings)
    [[added, changed, removed]] = remote.reloadConfig()
    for name in (*changed, *removed):
        remote.stopProcessGroup(name)
        remote.removeProcessGroup(name)
    for name in (*added, *changed):
        remote.addProcessGroup(name)


def start_service(settings: Settings, name: str) -> None:
    """Start a service that is not running; one that waits for its next start need not wait."""
    if states(settings)[name].pid == 0:
        restart_service(settings, name)


def restart_service(settings: Settings, name: str) -> None:
    """Stop a service, if it runs, and start it."""
    if states(settings)[name].active:
        server(settings).stopProcess(name)
    server(settings).startProcess(name, False)


def shutdown(settings: Settings) -> bool:
    """Stop every service, then supervisord; returns whether it was running."""
    if not running(settings):
        return False
    pid = server(settings).getPID()
    server(settings).shutdown()
    gone = wait_until(lambda: not _alive(pid), timeout=_SHUTDOWN_SECONDS, what="the services to stop")
    return bool(gone)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
