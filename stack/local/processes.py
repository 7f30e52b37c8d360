"""The processes of local mode as the operating system sees them: memory, ports, and what a crash left behind."""

import json
import os
import signal
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from common.settings import LOOPBACK, Settings
from common.state_file import forget
from common.wait import wait_until

# After SIGTERM a server flushes and ends within seconds; one that has not after 20 s gets SIGKILL.
_GRACE_SECONDS = 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def record(settings: Settings, service: str) -> None:
    """Note this process as the service, for `end_leftovers`; the pid stays when the process becomes the server.

    Children that outlived the service's last process, which was killed, keep a note of their own: they may be at work
    (a killed Airflow scheduler's workers end their tasks), and end with the stack at the latest.
    """
    # What the last process has said of itself is no news of this one, which may be long in starting.
    forget(settings.state_dir, service)
    path = _record_path(settings, service)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        last = json.loads(path.read_text())
        if list(_group(last["pid"], last["started"])):
            path.rename(_record_path(settings, f"{service}.{last['pid']}"))
    path.write_text(json.dumps({"pid": os.getpid(), "started": started(os.getpid())}))


def started(pid: int) -> str:
    """Return which boot a process started in, and how many ticks after it: no clock, so that none steps.

    Raises:
        FileNotFoundError, ProcessLookupError: there is no such process.
    """
    # proc(5): the name, in parentheses, may hold anything; of what follows it the 20th is the start.
    ticks = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    return f"{_BOOT_ID.read_text().strip()} {ticks}"


def recorded_pid(settings: Settings, service: str) -> int:
    """Return the process that has last noted itself as the service; 0 where none has."""
    path = _record_path(settings, service)
    return int(json.loads(path.read_text())["pid"]) if path.exists() else 0


def _record_path(settings: Settings, service: str) -> Path:
    return settings.state_dir / "run" / f"{service}.pid.json"


def end_leftovers(settings: Settings, order: Iterable[str]) -> list[str]:
    """End services that outlived a supervisord which was killed; returns their names.

    Each service leads a process group of its own (supervisord sees to that), which is ended as a whole.

    Args:
        order: the services as they start. They end the other way round, each while what it depends on still answers:
            one that waits for an answer in vain takes all of its grace.
    """
    places = {name: place for place, name in enumerate(order)}
    notes = (settings.state_dir / "run").glob("*.pid.json")
    ended = []
    for path in sorted(notes, key=lambda note: places.get(note.name.split(".")[0], -1), reverse=True):
        note = json.loads(path.read_text())
        if list(_group(note["pid"], note["started"])):
            _end_group(note["pid"], note["started"])
            ended.append(path.name.removesuffix(".pid.json"))
        path.unlink()
    return ended


def _group(group: int, since: str) -> Iterator[psutil.Process]:
    """The living members of the process group that the service of this pid and start leads or led.

    Not of a stranger's group that got the same number: after a reboot, or once the pid was given to another.
    """
    # Before, it was a number: seconds by the clock.
    if not str(since).startswith(_BOOT_ID.read_text().strip()) or _taken_over(group, since):
        return
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                yield process
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue


def _taken_over(pid: int, since: str) -> bool:
    """Return whether the pid is now that of a process which started at another time."""
    try:
        return started(pid) != since
    except (FileNotFoundError, ProcessLookupError):
        return False


def _end_group(group: int, since: str) -> None:
    for process in _group(group, since):
        process.send_signal(signal.SIGTERM)
    try:
        wait_until(
            lambda: not list(_group(group, since)),
            timeout=_GRACE_SECONDS,
            what=f"process group {group} to end",
        )
    except TimeoutError:
        for process in _group(group, since):
            process.send_signal(signal.SIGKILL)


def memory(pid: int) -> int:
    """Resident bytes of a process and all its descendants."""
    return sum(_resident(process) for process in tree(pid))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def tree(pid: int) -> list[psutil.Process]:
    """Return the process and all that it started, itself first; nothing where it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def listening(port: int) -> bool:
    """Return whether anything accepts connections on `port` of this host."""
    with socket.socket() as probe:
        probe.settimeout(1)  # loopback answers at once, with yes or no
        return probe.connect_ex((LOOPBACK, port)) == 0


def listens(pid: int, port: int) -> bool:
    """Return whether a process or a descendant of it listens on `port`."""
    return any(_listens(process, port) for process in tree(pid))


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections("tcp")
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in connections)


def holder(port: int) -> psutil.Process | None:
    """The process that listens on `port`, if this account may see it."""
    return next((process for process in psutil.process_iter() if _listens(process, port)), None)
