"""The REST proxy of a benchmark's own servers."""

from contextlib import ExitStack

from common import health
from common.settings import Settings
from stack.local.isolated import ServiceProcess


def launch_proxy(stack: ExitStack, settings: Settings) -> ServiceProcess:
    """Start it before the Kafka of the settings, return once it is healthy; `stack` stops it.

    Raises:
        RuntimeError: it ended; with its log.
        TimeoutError: it is not healthy in time; with its log.
    """
    log = settings.state_dir / "rest-proxy.log"
    proxy = stack.enter_context(ServiceProcess(settings, "services.rest_proxy", log=log))
    proxy.wait_healthy(lambda: health.problem("rest-proxy", settings) is None)
    return proxy
