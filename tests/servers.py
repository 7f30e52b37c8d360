"""The real servers that the tests share: containers where the Makefile runs services in containers, else processes."""

import os
from contextlib import ExitStack

from testcontainers.compose import DockerCompose

from common import health
from common.settings import ROOT, Settings
from common.wait import wait_until
from services.provision.kafka_rights import ensure_rights
from stack.local.isolated import START_SECONDS
from tests.processes import launch_server

IN_CONTAINERS = os.environ.get("MODE") == "compose"


def start_server(stack: ExitStack, settings: Settings, name: str) -> None:
    """Start a server of docker-compose.yml at the settings' ports, and wait until it is healthy.

    In Kafka the principals of the settings have their rights then.
    """
    if IN_CONTAINERS:
        _start_container(stack, settings, name)
    else:
        launch_server(stack, settings, name)
    if name == "kafka":
        ensure_rights(settings)


def _start_container(stack: ExitStack, settings: Settings, name: str) -> None:
    """A Compose project for each, since a project is taken down as a whole."""
    variables = settings.environment() | {"COMPOSE_PROJECT_NAME": f"test-{settings.user_id}-{name}"}
    env_file = settings.state_dir / f"{name}.env"
    env_file.write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
    # What images are built from may be in the checkout's own .env; all settings are in the later file.
    files = [str(path) for path in (ROOT / ".env", env_file) if path.exists()]
    stack.enter_context(DockerCompose(ROOT, services=[name], env_file=files))
    wait_until(
        lambda: health.problem(name, settings) is None, timeout=START_SECONDS, what=f"{name}, from outside"
    )
