"""docker-compose.yml read for local mode: which process each service is, and what it waits for.

Variables are replaced as Compose does: ${NAME}, ${NAME:-default}, ${NAME-default if it is not even empty},
${NAME:+instead of what is set} and ${NAME:?message}, and $$ is a dollar sign (the Compose specification's chapter on
interpolation).
"""

import hashlib
import json
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from common.profiles import is_enabled
from common.settings import ROOT, SERVICE, Settings, secret_names

COMPOSE_FILE = ROOT / "docker-compose.yml"

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<kind>:[-?+]|-)(?P<other>[^}]*))?\})")


class ComposeError(Exception):
    """docker-compose.yml asks for something that local mode does not have; the message names it."""


@dataclass(frozen=True)
class Service:
    """One service as a process.

    Attributes:
        name: its key in docker-compose.yml.
        command: the program and its arguments.
        environment: all of its variables but those that every process of ours has: the settings, its own secrets.
        depends_on: service name -> condition, as Compose names them.
        ports: setting -> number of each port it listens on; the first is the one that others connect to.
        url: what a user connects to.
        one_shot: whether it ends by itself when its work is done.
        enabled: whether it starts with the others: it has no profile, or one of COMPOSE_PROFILES.
        digest: changes when a setting changes that matters to it or, for our own services, contracts/ or sql/.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    depends_on: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    url: str = ""
    one_shot: bool = False
    enabled: bool = True
    digest: str = ""

    @property
    def port(self) -> int | None:
        """Return the port that others connect to, if any."""
        return next(iter(self.ports.values()), None)


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """Replace the variables in `text`.

    Raises:
        ComposeError: a variable that must be set is not.
    """

    def replace(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        value = values.get(match["name"], "")
        if match["kind"] == ":+":
            return match["other"] if value else ""
        if value or match["kind"] is None or (match["kind"] == "-" and match["name"] in values):
            return value
        if match["kind"] == ":?":
            raise ComposeError(f"{match['name']} is not set: {match['other']}")
        return match["other"]

    return _VARIABLE.sub(replace, text)


def load(settings: Settings, path: Path = COMPOSE_FILE) -> dict[str, Service]:
    """The services but those in containers only, in an order in which each comes after what it depends on.

    Nothing depends on this stack's own Kafka, and it is none of the services, where the settings name one elsewhere.
    """
    values = settings.environment()
    document = yaml.safe_load(interpolate(path.read_text(), values))
    elsewhere = {"kafka"} if settings.kafka.is_elsewhere else set()
    bodies = {
        name: body
        for name, body in document["services"].items()
        if body.get("x-local") is not False and name not in elsewhere
    }
    return _in_order({name: _service(name, body, values, bodies.keys()) for name, body in bodies.items()})


def _service(
    name: str, body: Mapping[str, Any], values: Mapping[str, str], names: Collection[str]
) -> Service:
    body = _with_env_file(body, values)
    local = body.get("x-local")
    if local is None:
        raise ComposeError(f"service {name} has no x-local key: local mode does not know how to run it")
    own = _variables(body, values)
    replaced = _variables(local, values)
    secrets = secret_names()
    shared = {key: value for key, value in values.items() if key not in secrets}
    environment = {**shared, **own, **replaced, SERVICE: name}
    launcher, ports = local.get("command"), {each: int(values[each]) for each in local.get("ports", [])}
    # Our own services read any setting and what all agree on; a third-party server what stands in its part of the file.
    relevant = [body, ports, {} if launcher else [environment, agreement()]]
    return Service(
        name=name,
        command=_command(body.get("command", ""), launcher),
        environment=environment,
        depends_on={
            other: how["condition"] for other, how in body.get("depends_on", {}).items() if other in names
        },
        ports=ports,
        url=body.get("x-url", ""),
        one_shot=body.get("restart") == "on-failure",
        enabled=is_enabled(body.get("profiles", []), values["COMPOSE_PROFILES"]),
        digest=hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest(),
    )


def _with_env_file(body: Mapping[str, Any], values: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the service's body with the variables of its `env_file`, before which its own `environment` counts."""
    if "env_file" not in body:
        return body
    text = interpolate((ROOT / body["env_file"]).read_text(), values)
    given = dotenv_values(stream=StringIO(text), interpolate=False)
    return {**body, "environment": {**given, **body.get("environment", {})}}


def agreement(root: Path = ROOT) -> str:
    """Return a digest of contracts/ and sql/: where it changes, as by a new column, `make up` restarts our services."""
    content = hashlib.sha256()
    for folder, kind in (("contracts", "*.py"), ("sql", "**/*.sql")):
        for file in sorted((root / folder).glob(kind)):
            content.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return content.hexdigest()


def _variables(part: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """A variable without a value is passed on as it is, as Compose does."""
    given = part.get("environment") or {}
    return {key: values.get(key, "") if value is None else str(value) for key, value in given.items()}


def _command(in_container: str | list[str], launcher: str | None) -> tuple[str, ...]:
    """A launcher gets the container's command as its arguments; our own services run as they are."""
    words = shlex.split(in_container) if isinstance(in_container, str) else in_container
    return (*(shlex.split(launcher) if launcher else ()), *(str(word) for word in words))


def _in_order(services: Mapping[str, Service]) -> dict[str, Service]:
    ordered: dict[str, Service] = {}
    while len(ordered) < len(services):
        ready = [
            service
            for name, service in services.items()
            if name not in ordered and all(other in ordered for other in service.depends_on)
        ]
        if not ready:
            raise ComposeError(
                f"depends_on goes in a circle among {sorted(services.keys() - ordered.keys())}"
            )
        ordered.update({service.name: service for service in ready})
    return ordered
