"""The running stack, for the benchmarks of its services."""

from common.health import problem
from common.settings import Settings, load_settings


def running_stack(*services: str) -> Settings:
    """Return the settings of the stack whose services are measured.

    Raises:
        SystemExit: one of `services` does not answer; the text says why, and how to start it.
    """
    settings = load_settings()
    for service in services:
        if reason := problem(service, settings):
            raise SystemExit(f"{service} does not answer ({reason}). Start the stack with `make up`.")
    return settings
