"""`python -m services.s3_sink`: land the topics of the settings' user, or a connector's, until SIGTERM or Ctrl-C."""

import signal
import threading

from common.log import configure
from common.settings import load_settings
from services.s3_sink.connect import kept
from services.s3_sink.connector import ConnectorError
from services.s3_sink.sink import Sink
from services.s3_sink.status import Status
from services.s3_sink.zone import LandingZone


def main() -> None:
    """Run the sink; SIGTERM and SIGINT land what is buffered, then end it."""
    settings = load_settings()
    log = configure("s3-sink")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
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


if __name__ == "__main__":
    main()
