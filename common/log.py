"""Structured logs for the services: one event a line on standard error."""

import logging
import sys
from typing import Any

import structlog

from common.visible import print_tracebacks_visibly, visible_line


def configure(service: str) -> structlog.stdlib.BoundLogger:
    """Set structlog up for this process and return its logger, bound to the service's name.

    Lines, and the traceback of what ends the process, hold nothing that would command a terminal.
    """
    print_tracebacks_visibly()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "service", "event"]),
            _visible,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(service=service)
    return logger


def _visible(_logger: object, _method: str, line: Any) -> str:  # noqa: ANN401 - what the renderer before it returns
    return visible_line(line)
