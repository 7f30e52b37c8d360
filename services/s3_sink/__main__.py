"""`python -m services.s3_sink`: land the topics of the settings' user until SIGTERM or Ctrl-C."""

import signal
import threading

from common.log import configure
from common.settings import load_settings
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
    status = Status(settings.state_dir)
    log.info("started", kafka=settings.kafka.bootstrap_servers, bucket=settings.bucket)
    Sink(settings, LandingZone(settings), status, stop).run()
    log.info("stopped")


if __name__ == "__main__":
    main()
