"""Read what the engine's commands print of the stack into one picture. Pure: no command is run."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import yaml

from stack.containers.ends import Ends
from stack.status import restarts
from stack.status.service_table import Line

_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([\d.]+)([KMG]?i?B)")

JSON = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """The services as `docker compose config` has them, their containers, the bytes that each of these holds, and how
    they ended before.
    """

    services: Mapping[str, JSON]
    containers: Sequence[JSON]
    memory: Mapping[str, int]
    ends: Ends


def read(printed: str) -> Picture:
    """A picture from what `docker compose config` prints, a line `---`, and the JSON of `docker compose ps`,
    `docker stats`, `docker inspect` and `docker events`, and the count of killed processes, as `stack` asks for it.
    (As JSON the first would leave out the keys that begin with x-.)
    """
    config, _, rest = printed.partition("\n---\n")
    services: JSON = yaml.safe_load(config)["services"]
    containers: list[JSON] = []
    memory: dict[str, int] = {}
    inspected: dict[str, JSON] = {}
    events: list[JSON] = []
    killed: dict[str, int] = {}
    for value in _values(rest):
        if "MemUsage" in value:
            memory[value["Name"]] = size(value["MemUsage"])
        elif "RestartCount" in value:
            inspected[value["Name"].removeprefix("/")] = value
        elif "Action" in value:
            events.append(value)
        elif "Killed" in value:
            killed[value["Name"].removeprefix("/")] = value["Killed"]
        elif (
            services.get(value["Service"], {}).get("restart", "no") != "no"
        ):  # a command's are none, nor orphans
            containers.append(value)
    return Picture(services, containers, memory, Ends(inspected, events, killed))


def _values(printed: str) -> Iterator[JSON]:
    """The objects one after the other; of lists, which older versions of Compose print, what is in them."""
    decoder, rest = json.JSONDecoder(), printed.lstrip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield from value if isinstance(value, list) else [value]
        rest = rest[end:].lstrip()


def size(shown: str) -> int:
    """The bytes of `412.3MiB / 1GiB`: what is used, not the limit; 0 where there is nothing to read."""
    match = _SIZE.match(shown)
    return round(float(match[1]) * _UNITS.get(match[2], 0)) if match else 0


def lines(picture: Picture) -> list[Line]:
    """The services that have containers, each after what it depends on."""
    graph = {name: body.get("depends_on") or {} for name, body in picture.services.items()}
    present = {container["Service"] for container in picture.containers}
    return [_line(picture, name) for name in TopologicalSorter(graph).static_order() if name in present]


def _line(picture: Picture, name: str) -> Line:
    own = _containers(picture, name)
    return Line(
        name=name if len(own) == 1 else f"{name} ({len(own)})",
        problem=_problem(picture, name),
        one_shot=_is_one_shot(picture, name),
        url=picture.services[name].get("x-url", ""),
        memory=sum(picture.memory.get(container["Name"], 0) for container in own),
    )


def notes(picture: Picture) -> list[str]:
    """Return what became of the containers before; a job's run again at each `up`."""
    lasting = {
        container["Name"]: _label(picture, container)
        for container in picture.containers
        if not _is_one_shot(picture, container["Service"])
    }
    found = {label: picture.ends.restarts(name) for name, label in lasting.items()}
    killed = {label: picture.ends.killed_in(name) for name, label in lasting.items()}
    return [
        *restarts.lines({label: each for label, each in found.items() if each}),
        *(f"{label}: {said}" for label, said in killed.items() if said),
    ]


def _label(picture: Picture, container: JSON) -> str:
    """Return the service's name, or the container's where the service has several."""
    service: str = container["Service"]
    return service if len(_containers(picture, service)) == 1 else container["Name"]


def _containers(picture: Picture, name: str) -> list[JSON]:
    return [container for container in picture.containers if container["Service"] == name]


def _is_one_shot(picture: Picture, name: str) -> bool:
    return bool(picture.services[name].get("restart") == "on-failure")


def _problem(picture: Picture, name: str) -> str | None:
    """That of the first of the service's containers that has one."""
    one_shot = _is_one_shot(picture, name)
    return next(filter(None, (problem(each, one_shot) for each in _containers(picture, name))), None)


def problem(container: JSON, one_shot: bool) -> str | None:
    """Return why a container is not as it should be, or None if it is."""
    state, health, status = container["State"], container["Health"], container["ExitCode"]
    if state == "exited":
        return None if one_shot and status == 0 else f"exited with status {status}"
    if state != "running" or one_shot:
        return str(state)
    return None if health in ("", "healthy") else str(health)


def failed(picture: Picture) -> list[str]:
    """The services that have a problem though all that they depend on is well."""
    troubled = {name for name in picture.services if _problem(picture, name)}
    return sorted(
        name for name in troubled if not troubled & (picture.services[name].get("depends_on") or {}).keys()
    )
