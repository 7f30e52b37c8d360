"""Test what a replay shows while it runs."""

from io import StringIO

from common.terminal import make_console
from emulator.progress import ReplayProgress


def test_without_a_terminal_a_line_is_printed_now_and_then() -> None:
    output = StringIO()
    with ReplayProgress(make_console(file=output, width=200)) as progress:
        report = progress.add("batch", 40)
        report(10, 2, "")
        report(10, 0, "")
    assert output.getvalue().startswith("batch: 12 of 40 records, ")
    assert "2 failed" in output.getvalue()
    assert output.getvalue().count("\n") == 1


def test_an_endless_replay_has_no_total() -> None:
    output = StringIO()
    with ReplayProgress(make_console(file=output, width=200)) as progress:
        progress.add("stream", None)(10, 0, "trying again: [/b] refused")
    assert output.getvalue().startswith("stream: 10 records, ")
    assert output.getvalue().endswith("0 failed trying again: [/b] refused\n")


def test_a_terminal_shows_count_rate_failures_and_what_is_waited_for() -> None:
    output = StringIO()
    console = make_console(file=output, force_terminal=True, width=200, color_system=None)
    with ReplayProgress(console) as progress:
        report = {"batch": progress.add("batch", 1_000), "stream": progress.add("stream", 30)}
        report["stream"](10, 0, "")
        report["batch"](250, 7, "trying again: [/b] refused")
    last = output.getvalue()
    assert "257/1000" in last
    assert "10/30" in last
    assert "/s, 7 failed" in last
    assert "trying again: [/b] refused" in last
