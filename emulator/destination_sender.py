"""The way to one topic or stream: requests one after another, so that its records arrive in order."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import NamedTuple

import urllib3
from tenacity import RetryCallState, RetryError, Retrying, retry_if_exception_type, stop_before_delay
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_when_event_set
from tenacity.wait import wait_random_exponential

from contracts.rows import Row
from emulator.answers import Problem, retry_after
from emulator.authorization import Authorize, NoAwsKeysError
from emulator.delivery_counts import DeliveryCounts
from emulator.formats import Format, Record, body

# A connection on one machine or network takes milliseconds. An answer waits for Kafka's acknowledgement, for
# which the proxy itself gives up after 20 s: three times that, so that its verdict is heard.
TIMEOUT = urllib3.Timeout(connect=5, read=60)
# Requests a sender holds: one under way and one ready to follow it.
DEPTH = 2
Report = Callable[[int, int, str], None]
_backoff = wait_random_exponential(multiplier=0.1, max=5)


class UnsettledError(Exception):
    """Some records of a request may be sent again."""

    def __init__(self, reason: str, wait: float) -> None:
        super().__init__(reason)
        self.wait = wait


class Api(NamedTuple):
    """The settings and clients that the senders of a run share.

    Attributes:
        http: the session.
        url: where to post, without the path: the invoke URL, or the REST proxy's.
        patience: seconds for which a request's records are sent again.
        stop: once set, nothing waits to be sent again; set by a sender when it gives up.
        authorize: what a request shows the API beside its own headers.
    """

    http: urllib3.PoolManager
    url: str
    patience: float
    stop: Event
    authorize: Authorize


class DestinationSender:
    """Sends the records of one topic or stream and settles each: acknowledged or failed, counted in `counts`."""

    def __init__(self, api: Api, path: str, form: Format, report: Report) -> None:
        """Make a sender.

        Args:
            api: where to send, and for how long to try.
            path: under the API's URL, `/topics/<topic>` or `/streams/<stream>/records`.
            form: what a request looks like, and what its answer says.
            report: told the records just acknowledged and failed, and what is being waited for.
        """
        self.counts = DeliveryCounts()
        self._http = api.http
        self._url = api.url + path
        self._stop = api.stop
        self._authorize = api.authorize
        self._form = form
        self._report = report
        self._reported = (0, 0)
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._under_way: deque[Future[None]] = deque()
        self._retrying = Retrying(
            retry=retry_if_exception_type(UnsettledError),
            stop=stop_before_delay(api.patience) | stop_when_event_set(api.stop),
            wait=_wait,
            sleep=sleep_using_event(api.stop),
            before_sleep=self._say_why,
        )

    def submit(self, rows: Sequence[Row]) -> None:
        """Send rows after those before them; waits while DEPTH batches are not settled yet."""
        if not rows:
            return
        records = [self._form.record(row) for row in rows]
        self.counts.take(_keys(records))
        self._settle(DEPTH - 1)
        self._under_way.append(self._worker.submit(self._deliver, records))

    def finish(self) -> None:
        """Wait until every row is settled."""
        self._settle(0)
        self._worker.shutdown()

    def _settle(self, most: int) -> None:
        while len(self._under_way) > most:
            self._under_way.popleft().result()

    def _deliver(self, records: Sequence[Record]) -> None:
        most = self._form.most_record_bytes
        for record in records:
            if record.size > most:
                self.counts.fail([record.key], f"larger than the {most:,} bytes that a record may have")
        for request in self._form.requests(record for record in records if record.size <= most):
            self._deliver_request(request)
        self._tell()

    def _deliver_request(self, pending: list[Record]) -> None:
        try:
            self._retrying(self._send, pending)
        except RetryError as error:
            reason = str(error.last_attempt.exception())
            self.counts.give_up(_keys(pending), reason)
            self._stop.set()

    def _send(self, pending: list[Record]) -> None:
        """Send the pending records; those that may be sent again stay in `pending`.

        Raises:
            UnsettledError: there are such records.
        """
        answer = self._ask(body(pending))
        again = self._count(pending, self._form.problems(answer.status, answer.data, len(pending)))
        if again:
            raise UnsettledError(again, retry_after(answer.headers.get("Retry-After")))

    def _ask(self, content: bytes) -> urllib3.BaseHTTPResponse:
        """Send a request's body; return the answer, or raise UnsettledError where there is none."""
        method, url = self._form.method, self._url
        try:
            headers = self._authorize(method, url, self._form.headers, content)
            return self._http.request(
                method, url, body=content, headers=headers, timeout=TIMEOUT, retries=False
            )
        except NoAwsKeysError as error:
            raise UnsettledError(str(error), wait=0) from error
        except urllib3.exceptions.HTTPError as error:
            raise UnsettledError(
                f"{type(error).__name__}: {str(error).rpartition(': ')[2]}", wait=0
            ) from error

    def _count(self, pending: list[Record], verdicts: list[Problem | None]) -> str:
        """Settle what can be; keep the rest in `pending` and return a reason of theirs, or an empty text."""
        settled = zip(list(pending), verdicts, strict=True)
        pending.clear()
        reason = ""
        for record, problem in settled:
            if problem is None:
                self.counts.acknowledged += 1
            elif problem.retriable:
                pending.append(record)
                reason = problem.reason
            else:
                self.counts.fail([record.key], problem.reason)
        return reason

    def _say_why(self, state: RetryCallState) -> None:
        self._tell(f"trying again: {state.outcome.exception() if state.outcome else ''}")

    def _tell(self, note: str = "") -> None:
        before, self._reported = self._reported, (self.counts.acknowledged, self.counts.failed)
        self._report(self._reported[0] - before[0], self._reported[1] - before[1], note)


def _wait(state: RetryCallState) -> float:
    """As long as the server asked for, else the back-off, whichever is longer."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, UnsettledError) else 0
    return max(asked, _backoff(state))


def _keys(records: Sequence[Record]) -> list[int]:
    return [record.key for record in records]
