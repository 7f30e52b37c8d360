"""End what a notebook does: at its time limit, or at Ctrl-C, though it waits for Spark."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from uuid import uuid4

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from workspace.catalogs import activate

# A notebook has stopped Spark, or its process has ended.
_GONE = (AttributeError, Py4JError, OSError)
# From a statement's call to its first stage pass some seconds, of planning and of listing files; ten times that.
_LATE_SECONDS = 60.0
_LOOK_SECONDS = 0.2


class Interrupted(BaseException):
    """Ctrl-C. No KeyboardInterrupt, of which py4j would print a traceback."""


class TimeLimitReached(BaseException):
    """The time of the limit is over. No Exception: a notebook's own `except Exception` is not to hold it up."""


@contextmanager
def time_limit(session: SparkSession, seconds: float | None) -> Iterator[None]:
    """Raise TimeLimitReached after so many seconds; None or 0 for no limit. An outer limit stays in force.

    Signals reach the main thread alone: a notebook that another one runs in a thread of its own has no limit.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        yield
        return
    _name_jobs(session)
    begin = time.monotonic()
    handler = signal.signal(signal.SIGALRM, _handler(session, TimeLimitReached))
    outer, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    if outer and outer < seconds:
        signal.setitimer(signal.ITIMER_REAL, outer)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if outer:
            # One that is over by now is to be raised still.
            signal.setitimer(signal.ITIMER_REAL, max(outer - (time.monotonic() - begin), 0.001))


@contextmanager
def ctrl_c(session: SparkSession) -> Iterator[None]:
    """Raise Interrupted at Ctrl-C, and end Spark's jobs."""
    _name_jobs(session)
    handler = signal.signal(signal.SIGINT, _handler(session, Interrupted))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _handler(session: SparkSession, error: type[BaseException]) -> Callable[[int, FrameType | None], None]:
    def handle(_: int, __: FrameType | None) -> None:
        try:
            _drop_connection(session)
            activate(session)
            _cancel_jobs(session)
        finally:
            raise error

    return handle


class _Group:
    """The name of the jobs of what runs now: what a statement has yet to start when it is ended, has this name too."""

    PROPERTY = "spark.jobGroup.id"
    name = ""


def _name_jobs(session: SparkSession) -> None:
    """Have the jobs that this thread starts from now on bear a name of their own."""
    _Group.name = f"notebook-{uuid4()}"
    with suppress(*_GONE):
        session.sparkContext.setLocalProperty(_Group.PROPERTY, _Group.name)


def _cancel_jobs(session: SparkSession) -> None:
    """End what the notebook waits for. Its streaming queries go on: they are to be stopped, and not to fail."""
    context = session.sparkContext
    context._jsc.sc().cancelJobGroupAndFutureJobs(_Group.name)
    threading.Thread(target=_cancel_late_stages, args=(session, _Group.name), daemon=True).start()
    tracker = context.statusTracker()
    streaming = {
        job for query in session.streams.active for job in tracker.getJobIdsForGroup(str(query.runId))
    }
    for job in {*tracker.getActiveJobsIds()} - streaming:
        context._jsc.sc().cancelJob(job)


def _cancel_late_stages(session: SparkSession, group: str) -> None:
    """End for a while what the JVM yet starts for a statement that was ended.

    Of a group that is cancelled Spark refuses later jobs, but not the stages of shuffles, which adaptive execution
    submits one by one (DAGScheduler.handleMapStageSubmitted of Spark 4.2).
    """
    end = time.monotonic() + _LATE_SECONDS
    with suppress(*_GONE):
        tracker = session.sparkContext.statusTracker()
        while time.monotonic() < end:
            for job in {*tracker.getJobIdsForGroup(group)} & {*tracker.getActiveJobsIds()}:
                session.sparkContext._jsc.sc().cancelJob(job, "after its statement was interrupted")
            time.sleep(_LOOK_SECONDS)


def _drop_connection(session: SparkSession) -> None:
    """Close this thread's connection to the JVM, on which the answer to an unfinished call may be yet to come.

    The next call opens another; over the old one it would wait for that call's end, and take its answer for its own.
    """
    gateway = session.sparkContext._gateway
    connection = gateway._gateway_client.get_thread_connection() if gateway else None
    if connection:
        connection.close()


def waits_for_a_stream(trace: TracebackType | None) -> bool:
    """Return whether what was interrupted had been waiting for a streaming query to end."""
    while trace:
        if trace.tb_frame.f_code.co_name in {"awaitTermination", "awaitAnyTermination"}:
            return True
        trace = trace.tb_next
    return False
