"""`python -m services.s3_sink`: land the topics of the settings' user, or a connector's, until SIGTERM or Ctrl-C."""

import signal
import threading

from common.log import configure
from common.set_back import end_when_set_back
from common.settings import load_settings
from services.s3_sink.connect import kept
from services.s3_sink.connector import ConnectorError
from services.s3_sink.sink import Sink
from services.s3_sink.status import Status
from services.s3_sink.zone import LandingZone

# A stop is noticed at once; the state file is written once a second.
_IDLE_SECONDS = 1.0


def main() -> None:
    """Run the sink; SIGTERM and SIGINT land what is buffered, then end it."""
    settings = load_settings()
    log = configure("s3-sink")
    end_when_set_back("s3-sink")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if not settings.s3_sink.enabled:
        log.info("lands nothing: S3_SINK_ENABLED is false")
        idle(Status(settings.state_dir), stop)
        return
    try:
        connector = kept(settings)
    except ConnectorError as error:
        log.error("cannot run with what `make connector` has kept: give it another file", reason=str(error))
        raise SystemExit(1) from None
    status = Status(settings.state_dir, connector.applied)
    log.info("started", kafka=settings.kafka.bootstrap_servers, bucket=settings.bucket)
    for applied in connector.applied:
        log.info("connector", property=applied)
    Sink(settings, LandingZone(settings), status, stop, connector).run()
    log.info("stopped")


def idle(status: Status, stop: threading.Event) -> None:
    """Land nothing, and say so in the state file, until `stop` is set: another sink fills the bucket."""
    while not stop.is_set():
        status.write(list)
        stop.wait(_IDLE_SECONDS)


if __name__ == "__main__":
    main()
