"""Tell from readings whether a service works, and what to do where it does not."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from common.profiles import is_enabled
from dashboard.reading import Reading


class State(Enum):
    """The state of a service; `OFF`: left out of COMPOSE_PROFILES; `UNASKED`: there is no way to ask it from here."""

    UP = "up"
    DOWN = "down"
    OFF = "off"
    UNREAD = "not read yet"
    UNASKED = "not asked"


@dataclass(frozen=True)
class Status:
    """A state, its reason as the service or its client words it, and what to do."""

    state: State
    reason: str = ""
    remedy: str = ""


UP = Status(State.UP)
OF_AWS = Status(
    State.UNASKED, "", "AWS itself has that, and the dashboard has no key to it (docs/dashboard.md)."
)


class SaysItsProblem(Protocol):
    """The state that a service writes of itself."""

    @property
    def problem(self) -> str | None:
        """Return what keeps the service from its work, or None."""


def down(service: str, reason: str) -> Status:
    """Return that a service does not work; its name is docker-compose.yml's."""
    remedy = f"`make up` starts what has stopped; `make logs SERVICE={service}` shows its log."
    return Status(State.DOWN, reason, remedy)


def by_reading(reading: Reading[object], service: str) -> Status:
    """Return the state of a service that is asked: whether it could be read."""
    if reading.problem:
        return down(service, reading.problem)
    return UP if reading.was_taken else Status(State.UNREAD)


def by_its_word(reading: Reading[SaysItsProblem], service: str) -> Status:
    """Return the state of a service by what it says of itself."""
    if reading.value and reading.value.problem and not reading.problem:
        return down(service, reading.value.problem)
    return by_reading(reading, service)


def unless_left_out(status: Status, profile: str, chosen: str, remedy: str) -> Status:
    """Return the status; of a service that is down since its Compose profile is not chosen, that it is off."""
    if status.state is State.DOWN and not is_enabled([profile], chosen):
        return Status(State.OFF, f"COMPOSE_PROFILES is without {profile}", remedy)
    return status


def worst(*statuses: Status) -> Status:
    """Return the first that is down, else the first that is not up, else that all are."""
    amiss = [status for status in statuses if status.state is not State.UP]
    return next((status for status in amiss if status.state is State.DOWN), amiss[0] if amiss else UP)
