"""Tell when a stack has recovered from a fault."""

from common.settings import Settings
from stack.local import processes, supervision
from stack.local.cli import problem
from stack.local.compose import load


def pid_of(settings: Settings, service: str) -> int:
    """Return the service's process of now, 0 where there is none."""
    state = supervision.states(settings).get(service)
    return state.pid if state else 0


def ills(settings: Settings) -> dict[str, str]:
    """Return each service that is not well, and why."""
    states = supervision.states(settings)
    found: dict[str, str] = {}
    for name, service in load(settings).items():
        if service.enabled and not service.one_shot:
            reason = problem(settings, service, states.get(name)) or _unnoted(
                settings, states[name].pid, name
            )
            found |= {name: reason} if reason else {}
    return found


def _unnoted(settings: Settings, pid: int, service: str) -> str | None:
    """That the process is so young that what is known of the service is still the last one's doing."""
    return None if processes.recorded_pid(settings, service) == pid else "it is about to start"
