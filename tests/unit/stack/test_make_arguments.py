"""Options on `make`'s command line reach the target that they are for, and no other."""

import os
import subprocess
from collections.abc import Sequence

import pytest

from common.settings import ROOT


def make(
    *words: str, options: Sequence[str] = ("--dry-run",), **exported: str
) -> subprocess.CompletedProcess[str]:
    """Return what `make` would run, without running it unless the options say so."""
    outer = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *options, *words],
        cwd=ROOT,
        env=outer | {"MODE": "local"} | exported,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "commands"),
    [
        (["emulate", "ARGS=stream --limit 5"], ["emulator stream --limit 5"]),
        (["query", "ARGS=3 7"], ["operations.query 3 7"]),
        (["emulate", "landed", "batch", "ARGS=batch"], ["emulator batch", "spark_jobs.batch"]),
        (["landed", "query", "ARGS=--all"], ["services.s3_sink.catch_up", "operations.query --all"]),
        (["emulate", "query", "EMULATE_ARGS=batch"], ["emulator batch", "operations.query"]),
        (
            ["emulate", "query", "EMULATE_ARGS=batch", "QUERY_ARGS=3"],
            ["emulator batch", "operations.query 3"],
        ),
        (["emulate", "query"], ["emulator", "operations.query"]),
        (["kafka", "ARGS=topics --list"], ["stack.kafka.tools topics --list"]),
        (
            ["kafka", "query", "KAFKA_ARGS=topics --list", "QUERY_ARGS=3"],
            ["stack.kafka.tools topics --list", "operations.query 3"],
        ),
        (["drill"], ["bench.drill"]),
        (["drill", "KILLS=3", "SEED=7"], ['bench.drill --kills "3" --seed "7"']),
        (
            ["drill", "KILLS=3", "SEED=7", "KINDS=kill step"],
            ['bench.drill --kills "3" --seed "7" --kinds "kill step"'],
        ),
        (["backfill", "TO=2026-01-03"], ['operations.airflow.backfill "" "2026-01-03"']),
    ],
)
def test_each_target_gets_its_own(words: list[str], commands: list[str]) -> None:
    done = make(*words)
    assert done.returncode == 0, done.stderr
    run = [line.rstrip().partition("environment.py ")[2] for line in done.stdout.splitlines()]
    assert [line for line in run if line in commands] == commands


@pytest.mark.parametrize("exported", [{}, {"ARGS": "batch"}])
def test_args_of_two_targets_are_refused(exported: dict[str, str]) -> None:
    done = make("emulate", "landed", "batch", "query", *([] if exported else ["ARGS=batch"]), **exported)
    assert done.returncode == 2
    assert 'give EMULATE_ARGS="batch" or QUERY_ARGS="batch"' in done.stderr
    assert "emulator" not in done.stdout


def test_args_of_kafka_and_another_are_refused_likewise() -> None:
    done = make("query", "kafka", "ARGS=topics --list")
    assert done.returncode == 2
    assert 'give KAFKA_ARGS="topics --list" or QUERY_ARGS="topics --list"' in done.stderr


@pytest.mark.parametrize("words", [[], ["ARGS=--list"], ["ARGS=topic --list"]])
def test_kafka_without_a_tool_it_knows_names_them(words: list[str]) -> None:
    done = make("kafka", "READY=", *words, options=[])
    assert done.returncode == 2
    assert "Name a tool" in done.stdout
    assert "console-consumer" in done.stdout


def test_args_of_no_target_are_refused() -> None:
    done = make("batch", "ARGS=--full")
    assert done.returncode == 2
    assert "ARGS is for `make emulate`, `make kafka` and `make query`" in done.stderr


def test_args_that_a_shell_exports_disturb_no_other_target() -> None:
    assert make("batch", ARGS="--full").returncode == 0
    # A target's own make has all that is on the command line.
    within = make("batch", "ARGS=--full", MAKELEVEL="1")
    assert (within.returncode, within.stderr) == (0, "")
    assert "emulator batch" in make("emulate", ARGS="batch").stdout
