"""A sender against a small HTTP server of the test's own, which answers from a script."""

import errno
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec
import pytest
import urllib3

from common.wait import wait_until
from contracts.rows import Row
from emulator import destination_sender
from emulator.authorization import Authorize, NoAwsKeysError
from emulator.destination_sender import Api, DestinationSender
from emulator.formats import FORMATS, TOPIC, Format, Route
from tests.source_rows import source_row
from tests.unit.emulator.scripted_proxy import PATHS, THROTTLED, Proxy, Reply


class Stop(threading.Event):
    """The event that stops a sender; it keeps the waits that it was asked for, and ends each of them at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []
        self.on_wait: Callable[[], object] = lambda: None

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self.on_wait()
        return self.is_set()


class Run:
    """A sender, what stops it and what it said."""

    def __init__(
        self,
        url: str,
        patience: float = 20,
        route: Route = "batch",
        form: Format | None = None,
        authorize: Authorize = lambda _method, _url, headers, _body: headers,
    ) -> None:
        self.stop = Stop()
        self.settled: list[tuple[int, int]] = []
        self.notes: list[str] = []
        api = Api(urllib3.PoolManager(), url, patience, self.stop, authorize)
        self.sender = DestinationSender(api, PATHS[route], form or FORMATS[route], self.report)
        self.counts = self.sender.counts

    def report(self, acknowledged: int, failed: int, note: str) -> None:
        self.settled.append((acknowledged, failed))
        self.notes += [note] if note else []

    def send(self, *requests: range) -> tuple[int, int, int]:
        for keys in requests:
            self.sender.submit([source_row("user", key) for key in keys])
        self.sender.finish()
        counts = self.counts
        assert counts.read == counts.acknowledged + counts.failed
        assert [sum(column) for column in zip(*self.settled, strict=True)] == [
            counts.acknowledged,
            counts.failed,
        ]
        return counts.read, counts.acknowledged, counts.failed


def test_requests_go_in_order_over_one_connection(proxy: Proxy) -> None:
    assert Run(proxy.url).send(range(3), range(3, 6), range(6, 7)) == (7, 7, 0)
    assert proxy.received == [[0, 1, 2], [3, 4, 5], [6]]
    assert proxy.connections == 1


def test_only_the_entries_that_failed_are_sent_again_and_before_what_follows(proxy: Proxy) -> None:
    proxy.script = [Reply(errors=(None, 50003, None, 50003)), Reply(errors=(50003, None))]
    assert Run(proxy.url).send(range(4), range(4, 6)) == (6, 6, 0)
    assert proxy.received == [[0, 1, 2, 3], [1, 3], [1], [4, 5]]


def test_entries_that_cannot_succeed_are_reported_and_the_rest_goes_on(proxy: Proxy) -> None:
    proxy.script = [Reply(errors=(50002, 50003, None))]
    run = Run(proxy.url)
    assert run.send(range(3), range(3, 5)) == (5, 4, 1)
    assert proxy.received == [[0, 1, 2], [1], [3, 4]]
    assert [(reason, failures.keys) for reason, failures in run.counts.reasons.items()] == [
        ("50002: why", [0])
    ]
    assert not run.stop.is_set()
    assert run.counts.first_given_up is None


def test_a_refused_request_is_not_sent_again(proxy: Proxy) -> None:
    proxy.script = [Reply(status=404)]
    run = Run(proxy.url)
    assert run.send(range(3), range(3, 5)) == (5, 2, 3)
    assert proxy.received == [[0, 1, 2], [3, 4]]
    assert list(run.counts.reasons) == ["HTTP 404: no"]


def test_503_is_tried_again_no_sooner_than_asked(proxy: Proxy) -> None:
    proxy.script = [Reply(status=503, headers={"Retry-After": "1"})]
    run = Run(proxy.url)
    assert run.send(range(2)) == (2, 2, 0)
    assert run.stop.waits == [1]
    assert run.notes == ["trying again: HTTP 503: no"]


def test_a_server_that_asks_for_more_than_our_patience_is_given_up_at_once(proxy: Proxy) -> None:
    proxy.script = [Reply(status=503, headers={"Retry-After": "3600"})]
    run = Run(proxy.url)
    assert run.send(range(5, 7)) == (2, 0, 2)
    assert run.stop.waits == []
    assert run.stop.is_set()
    assert run.counts.first_given_up == 5


def test_a_connection_lost_before_the_answer_is_made_again(proxy: Proxy) -> None:
    proxy.script = [Reply(hang_up=True)]
    assert Run(proxy.url).send(range(2)) == (2, 2, 0)
    # The server may have had it: sent twice, which readers count as a duplicate.
    assert proxy.received == [[0, 1], [0, 1]]


def test_a_server_that_stays_away_ends_the_replay_with_all_counted(proxy: Proxy) -> None:
    proxy.server_close()
    run = Run(proxy.url, patience=0.3)
    assert run.send(range(3), range(3, 5)) == (5, 0, 5)
    assert run.stop.is_set()
    assert run.counts.first_given_up == 0
    refused = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert list(run.counts.reasons) == [f"NewConnectionError: {refused}"]


def test_a_server_that_does_not_answer_in_time_is_asked_again(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destination_sender, "TIMEOUT", urllib3.Timeout(connect=60, read=0.2))
    answers, silent = threading.Event(), [True]
    proxy.on_request = lambda: silent and silent.pop() and answers.wait(60)
    run = Run(proxy.url, patience=60)
    assert run.send(range(2)) == (2, 2, 0)
    answers.set()
    assert run.notes[0].startswith("trying again: ReadTimeoutError: ")
    assert proxy.received[:2] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("route", PATHS)
def test_a_request_is_not_sent_to_where_an_answer_points(proxy: Proxy, route: Route) -> None:
    proxy.script = [Reply(status=307, headers={"Location": PATHS[route]})]
    run = Run(proxy.url, route=route)
    assert run.send(range(2)) == (2, 0, 2)
    assert list(run.counts.reasons) == ["HTTP 307: no"]
    assert len(proxy.received) == 1


def test_an_answer_without_a_verdict_on_each_record_ends_the_replay(proxy: Proxy) -> None:
    """Nothing is taken for settled, or sent for ever, after a fault of our own."""
    run = Run(proxy.url, form=replace(TOPIC, problems=lambda *_: [None]))
    run.sender.submit([source_row("user", key) for key in range(2)])
    with pytest.raises(ValueError, match="zip"):
        run.sender.finish()
    assert (run.stop.waits, len(proxy.received)) == ([], 1)


def test_a_stop_retries_nothing_and_counts_what_was_under_way(proxy: Proxy) -> None:
    proxy.script = [Reply(errors=(None, 50003)), Reply(errors=(None, 50003))]
    run = Run(proxy.url)
    proxy.on_request = run.stop.set
    assert run.send(range(2), range(2, 4)) == (4, 2, 2)
    assert run.stop.waits == []
    assert proxy.received == [[0, 1], [2, 3]]
    assert run.counts.first_given_up == 1


def test_a_stop_ends_the_wait_before_another_try(proxy: Proxy) -> None:
    proxy.script = [Reply(status=503, headers={"Retry-After": "15"})]
    run = Run(proxy.url)
    run.stop.on_wait = run.stop.set
    assert run.send(range(2)) == (2, 2, 0)  # by a last try, at once
    assert run.stop.waits == [15]


def test_a_sender_holds_two_requests_at_most(proxy: Proxy) -> None:
    gate = threading.Event()
    proxy.on_request = lambda: gate.wait(60)
    run = Run(proxy.url)
    feeding = threading.Thread(target=run.send, args=(range(1), range(1, 2), range(2, 3), range(3, 4)))
    feeding.start()
    # Read and taken: one under way, one behind it, and the third whose submit waits.
    wait_until(lambda: run.counts.read >= 3, timeout=60, what="three requests to be read", interval=0.01)
    feeding.join(0.1)
    assert (feeding.is_alive(), run.counts.read) == (True, 3)
    gate.set()
    feeding.join(60)
    assert run.counts.acknowledged == 4


def test_nothing_to_send_is_no_request(proxy: Proxy) -> None:
    run = Run(proxy.url)
    run.sender.submit([])
    run.sender.finish()
    assert (proxy.received, run.counts.read) == ([], 0)


def test_only_the_records_that_kinesis_did_not_take_are_put_again(proxy: Proxy) -> None:
    proxy.script = [
        Reply(errors=(None, THROTTLED, None, "InternalFailure")),
        Reply(errors=(THROTTLED, None)),
        Reply(status=429),
    ]
    run = Run(proxy.url, route="stream")
    assert run.send(range(4), range(4, 6)) == (6, 6, 0)
    assert proxy.received == [[0, 1, 2, 3], [1, 3], [1], [1], [4, 5]]
    assert run.notes == [
        "trying again: InternalFailure: why",
        f"trying again: {THROTTLED}: why",
        "trying again: HTTP 429: no",
    ]


def test_a_stream_that_stays_throttled_ends_the_replay_with_all_counted(proxy: Proxy) -> None:
    proxy.script = [Reply(errors=(None, THROTTLED))] + [Reply(errors=(THROTTLED,))] * 50
    run = Run(proxy.url, patience=0.3, route="stream")
    assert run.send(range(2)) == (2, 1, 1)
    assert run.stop.is_set()
    assert run.counts.first_given_up == 1


def test_put_records_is_never_asked_for_more_than_500(proxy: Proxy) -> None:
    assert Run(proxy.url, route="stream").send(range(1_200)) == (1_200, 1_200, 0)
    assert [len(keys) for keys in proxy.received] == [500, 500, 200]
    assert [key for keys in proxy.received for key in keys] == list(range(1_200))


def pin(key: int, size: int) -> Row:
    """A post of `size` bytes as JSON."""
    empty = source_row("pin", key, title="")
    return source_row("pin", key, title="x" * (size - len(msgspec.json.encode(empty))))


def test_put_records_is_never_asked_for_more_than_5_mib(proxy: Proxy) -> None:
    run = Run(proxy.url, route="stream")
    run.sender.submit([pin(key, 1_000_000) for key in range(7)])
    assert run.send() == (7, 7, 0)
    assert proxy.received == [[0, 1, 2, 3, 4], [5, 6]]


def test_a_record_over_a_mebibyte_fails_alone_and_unsent(proxy: Proxy) -> None:
    run = Run(proxy.url, route="stream")
    largest = 1024**2 - len("1")  # the partition key counts
    run.sender.submit([pin(1, largest), pin(2, largest + 1), pin(3, 100)])
    assert run.send() == (3, 2, 1)
    assert proxy.received == [[1, 3]]
    assert list(run.counts.reasons) == ["larger than the 1,048,576 bytes that a record may have"]
    assert run.counts.first_given_up is None


def test_a_request_fits_api_gateway(proxy: Proxy) -> None:
    run = Run(proxy.url)
    run.sender.submit([source_row("user", key, first_name="x" * 4_000_000) for key in range(3)])
    assert run.send() == (3, 3, 0)
    assert proxy.received == [[0, 1], [2]]
    assert TOPIC.most_bytes < 10_000_000


def test_keys_that_a_role_does_not_get_just_now_are_waited_for(proxy: Proxy) -> None:
    refusals = [NoAwsKeysError(OSError("no metadata"))]

    def authorize(_method: str, _url: str, headers: Mapping[str, str], _body: bytes) -> Mapping[str, str]:
        if refusals:
            raise refusals.pop()
        return headers

    run = Run(proxy.url, authorize=authorize)
    assert run.send(range(2)) == (2, 2, 0)
    assert run.notes == [
        "trying again: no AWS credentials for API_SIGNED=true: no metadata. Set AWS_PROFILE, or both keys, in .env"
    ]
