"""Start one service of docker-compose.yml in the foreground: `python -m stack.local.launch SERVICE`.

What supervisord runs for each service: it waits until what the service depends on is as docker-compose.yml asks,
then becomes the service, with the secrets of that service alone.
"""

import os
import sys
from collections.abc import Callable

from common import health
from common.command import run_command
from common.environment import composed, setting_names
from common.settings import Settings, load_settings
from common.terminal import complain
from common.wait import wait_until
from stack.local import processes, supervision
from stack.local.compose import Service, load

# A million source rows take provisioning 300 s at the most, which the S3 sink waits for; twice that.
_TIMEOUT_SECONDS = 600.0
# At a start nearly all services wait, and each asks for itself: five times as often, it would slow what it waits for.
_INTERVAL = 0.5


def wait_for(service: Service, settings: Settings) -> None:
    """Return once each dependency is healthy, or has ended well where that is the condition.

    Raises:
        TimeoutError: one is not, after `_TIMEOUT_SECONDS` seconds.
    """
    for name, condition in service.depends_on.items():
        wait_until(
            _condition(settings, name, condition),
            timeout=_TIMEOUT_SECONDS,
            what=f"{name}: {condition}",
            interval=_INTERVAL,
        )


def _condition(settings: Settings, name: str, condition: str) -> Callable[[], bool]:
    if condition == "service_completed_successfully":
        return lambda: supervision.ended_well(settings, name)
    return lambda: health.problem(name, settings) is None


def command(service: Service) -> list[str]:
    """The command, with this Python in the place of `python`."""
    program, *arguments = service.command
    return [sys.executable if program == "python" else program, *arguments]


def main(name: str) -> None:
    """Become the service, once its dependencies are there."""
    os.environ.update(supervision.noted_settings())
    settings = load_settings()
    service = load(settings)[name]
    processes.record(settings, name)
    try:
        wait_for(service, settings)
    except TimeoutError as error:
        complain(f"{name} cannot start: {error}")
        raise SystemExit(1) from None
    words = command(service)
    variables = {**composed(os.environ, without=setting_names()), **service.environment}
    os.execve(words[0], words, variables)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    run_command(main, "python -m stack.local.launch")
