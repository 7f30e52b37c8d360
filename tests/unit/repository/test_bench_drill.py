"""A drill's plan comes from its seed; its accounts find what was lost; its report names the slowest recovery."""

import sys
from collections import Counter
from itertools import accumulate
from typing import get_args

import pytest

from bench.drill import __main__ as drill
from bench.drill.__main__ import DEFAULT_KINDS
from bench.drill.accounts import account
from bench.drill.load import source_rows, stream_rate
from bench.drill.outcome import Outcome, rows, slowest
from bench.drill.plan import CUT_SECONDS, KINDS, PAUSE_SECONDS, STEPS, Fault, Kind, faults
from bench.report import Row
from common.command import run_command

ALL = get_args(Kind)
KILL = Fault("kill", "kafka", 2.0, 0.0, awaited=True)
PAUSE = Fault("pause", "mysql", 2.0, 12.4, awaited=True)
CUT = Fault("cut", "localstack", 2.0, 30.0, awaited=True, client="s3-sink")


def test_a_seed_gives_one_plan_and_another_seed_another() -> None:
    assert faults(50, 7, ALL) == faults(50, 7, ALL)
    assert faults(50, 7, ALL) != faults(50, 8, ALL)
    assert faults(10, 7, ALL) == faults(50, 7, ALL)[:10]


def test_a_plan_has_the_wanted_kinds_alone() -> None:
    assert {each.kind for each in faults(50, 7, ["step", "kill"])} == {"step", "kill"}
    assert {each.kind for each in faults(50, 7, drill.chosen(DEFAULT_KINDS))} == {"kill", "pause", "cut"}


def test_the_clock_is_never_further_off_than_a_step() -> None:
    moved = list(accumulate(STEPS[each.target] for each in faults(50, 7, ["step"])))
    assert {*moved} <= {-3600, 0, 3600}
    assert moved[-1] == 0


@pytest.mark.parametrize("count", [1, 20, 55])
def test_each_kind_of_fault_comes_once_before_any_comes_again(count: int) -> None:
    times = Counter((each.kind, each.target, each.client) for each in faults(count, 3, ALL))
    assert times.total() == count
    assert {times[kind] for kind in KINDS} <= {count // len(KINDS), count // len(KINDS) + 1}


def test_a_fault_lasts_as_long_as_its_kind_allows() -> None:
    bounds = {"kill": (0.0, 0.0), "pause": PAUSE_SECONDS, "cut": CUT_SECONDS, "step": (0.0, 0.0)}
    plan = faults(1000, 1, ALL)
    assert all(bounds[each.kind][0] <= each.seconds <= bounds[each.kind][1] for each in plan)
    assert {each.awaited for each in plan} == {True, False}


def test_localstack_is_not_killed_since_its_data_end_with_it() -> None:
    assert ("kill", "localstack", "") not in KINDS
    assert {("pause", "localstack", ""), ("cut", "localstack", "")} <= {*KINDS}


def test_a_long_drill_sends_the_streams_no_more_than_a_short_one() -> None:
    assert stream_rate(20) > stream_rate(200)
    seconds = {kills: source_rows(kills) / 50 for kills in (20, 200)}  # at 50 posts a second to the topics
    assert stream_rate(200) * seconds[200] <= 12_000
    assert stream_rate(20) * seconds[20] <= 12_000


@pytest.mark.parametrize(
    ("sent", "failed", "served", "lost", "twice"),
    [
        ([0, 1, 2], 0, [2, 0, 1], 0, 0),
        ([0, 1, 2], 0, [0, 2], 1, 0),
        ([0, 1, 2], 1, [0, 2], 0, 0),  # the one that is missing was never acknowledged
        ([0, 1, 2], 1, [0, 1, 2], 0, 0),  # the answer was lost, not the post
        ([0, 1, 2], 0, [0, 1, 1, 2, 2], 0, 2),
        ([0, 1], 0, [0, 1, 2], 0, 0),  # of an emulator's last requests, whose answers nobody heard
    ],
)
def test_what_was_acknowledged_is_to_be_served_once(
    sent: list[int], failed: int, served: list[int], lost: int, twice: int
) -> None:
    found = account("batch", "pin", sent, failed, served)
    assert (found.acknowledged, found.lost, found.twice) == (len(sent) - failed, lost, twice)


def test_an_account_in_words() -> None:
    assert (
        str(account("batch", "pin", range(1200), 0, range(1200)))
        == "batch path, pin: 1,200 posts acknowledged, each served once"
    )
    assert str(account("stream", "geo", [1, 2, 3], 0, [1, 1])) == (
        "stream path, geo: 3 posts acknowledged, 2 lost, 1 twice"
    )


def test_the_log_says_what_was_done_when_and_how_long_its_recovery_took() -> None:
    assert str(Outcome(KILL, 3.2, 41.26)) == "     3 s  kill kafka, recovered after 41.3 s"
    assert str(Outcome(PAUSE, 1234.5, None)) == "  1234 s  pause mysql for 12 s, the next one at once"
    assert str(Outcome(CUT, 70, 0.34)) == (
        "    70 s  cut s3-sink off from localstack for 30 s, recovered after 0.3 s"
    )


def test_the_slowest_recovery_is_named() -> None:
    assert slowest([Outcome(KILL, 1, 41.26), Outcome(PAUSE, 50, 2.0), Outcome(KILL, 60, None)]) == (
        "Slowest recovery: 41.3 s after `kill kafka`."
    )
    assert slowest([Outcome(KILL, 1, None)]) == "No recovery was measured by itself."


def test_the_report_has_each_kinds_slowest_recovery_and_what_was_lost() -> None:
    outcomes = [
        Outcome(KILL, 1, 41.0),
        Outcome(KILL, 60, 9.0),
        Outcome(PAUSE, 90, 2.0),
        Outcome(PAUSE, 99, None),
        Outcome(CUT, 140, 3.0),
    ]
    found = [account("batch", "pin", range(9), 0, range(8)), account("stream", "pin", [1, 2], 0, [1, 2, 2])]
    shown = rows(outcomes, found)
    assert shown[:4] == [
        Row("faults", 5, ""),
        Row("cut s3-sink off from localstack: slowest recovery of 1", 3.0, "s"),
        Row("kill kafka: slowest recovery of 2", 41.0, "s"),
        Row("pause mysql: slowest recovery of 1", 2.0, "s"),
    ]
    assert {row.what: (row.value, row.met) for row in shown[4:]} == {
        "records acknowledged": (11, None),
        "of them lost": (1, False),
        "of them served twice": (1, False),
    }


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--kills", "0"], "'--kills': Input should be greater than or equal to 1"),
        (["--kills", "many"], "'--kills': Input should be a valid integer"),
        (["--kinds", "kill smash"], "'--kinds': 'kill smash' is not one or more of kill, pause, cut, step"),
        (["--kinds", ""], "'--kinds': '' is not one or more of kill, pause, cut, step"),
        (["--seed", "-1"], "'--seed': Input should be greater than or equal to 0"),
    ],
)
def test_an_option_that_says_nothing_is_refused_before_anything_starts(
    options: list[str], reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["drill", *options])
    monkeypatch.setattr("common.command.print_tracebacks_visibly", lambda: None)
    with pytest.raises(SystemExit) as ended:
        run_command(drill.main, "make drill", usage=drill.USAGE)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("make drill: Invalid value")
    assert reason in said
    assert '`make drill KILLS=20 SEED=1 KINDS="kill step"`' in said
