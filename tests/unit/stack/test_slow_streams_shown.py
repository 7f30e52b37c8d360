"""`make status` says that the streams are slow where they are, and not where the whole machine is."""

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from common.terminal import make_console
from stack.local.isolated import make_settings
from stack.status import slow_streams
from tests.clock import Clock


class Server:
    """Kinesis or API Gateway, with the seconds that each of its answers takes."""

    def __init__(self, clock: Clock, *answers: float) -> None:
        self.clock, self.answers = clock, list(answers)

    def _answer(self, **_: object) -> dict[str, Any]:
        if not self.answers:
            raise EndpointConnectionError(endpoint_url="http://localstack")
        self.clock.sleep(self.answers.pop(0))
        return {}

    list_streams = get_rest_apis = _answer


@pytest.mark.parametrize(
    ("kinesis", "others", "said"),
    [
        ([0.01], [], None),
        ([4.0, 0.2], [], None),  # it was so for a moment
        ([1.1, 1.5, 2.3], [0.01], "answers after 1.1 s, the rest of LocalStack after 0.01 s."),
        ([6.0, 6.0, 6.0], [2.0], None),  # so is all else
        ([6.0, 6.0, 6.0], [1.0], "answers after 6 s, the rest of LocalStack after 1 s."),
        ([], [], None),  # the table says that it is down
        ([2.0, 2.0, 2.0], [], None),
    ],
)
def test_kinesis_is_slow_where_no_answer_is_quick_and_others_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kinesis: list[float],
    others: list[float],
    said: str | None,
) -> None:
    clock = Clock()
    monkeypatch.setattr(slow_streams, "time", clock)
    monkeypatch.setattr(slow_streams, "kinesis_client", lambda _: Server(clock, *kinesis))
    monkeypatch.setattr(slow_streams, "api_gateway_client", lambda _: Server(clock, *others))
    console = make_console(file=io.StringIO(), width=200)
    slow_streams.print_slow_streams(console, make_settings(tmp_path))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue().strip()
    assert printed.startswith(f"The streams are slow: Kinesis {said} ") if said else not printed
