"""A drill waits until its stack has recovered, where the plan says so, and tells what the recovery took."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import own_stack
from bench.drill import __main__ as drill
from bench.drill import recovery
from bench.drill.plan import Fault
from common.settings import Settings
from stack.local.isolated import make_settings
from stack.local.supervision import ProcessState

RUNNING = ProcessState("RUNNING", 0, 7, "")
FAULT = Fault("pause", "kafka", 0.0, 9.0, awaited=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, COMPOSE_PROFILES="")


class Stack:
    """Stands in for supervisord and for the services' health."""

    def __init__(self) -> None:
        self.states = dict.fromkeys(
            ("kafka", "localstack", "mysql", "postgres", "provision", "rest-proxy", "s3-sink"), RUNNING
        )
        self.problems: dict[str, str] = {}
        self.noted = 7


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack()
    monkeypatch.setattr("stack.local.supervision.states", lambda _: stack.states)
    monkeypatch.setattr("stack.local.processes.recorded_pid", lambda *_: stack.noted)
    monkeypatch.setattr(
        "bench.drill.recovery.problem",
        lambda _, service, state: stack.problems.get(service.name) if state else "not started",
    )
    return stack


def test_a_stack_is_well_when_every_service_is(settings: Settings, stack: Stack) -> None:
    assert recovery.ills(settings) == {}
    stack.problems = {"kafka": "no broker"}
    del stack.states["mysql"]
    assert recovery.ills(settings) == {"kafka": "no broker", "mysql": "not started"}


def test_a_process_that_has_not_begun_is_not_well_by_what_the_last_one_said(
    settings: Settings, stack: Stack
) -> None:
    stack.states["s3-sink"] = replace(RUNNING, pid=8)
    assert recovery.ills(settings) == {"s3-sink": "it is about to start"}


def test_the_process_of_now_is_what_a_fault_hits(settings: Settings, stack: Stack) -> None:
    assert recovery.pid_of(settings, "kafka") == stack.states["kafka"].pid
    assert recovery.pid_of(settings, "airflow-scheduler") == 0


class Runs:
    """Batch runs, of which one succeeds each time that somebody looks."""

    pid = 5

    def __init__(self) -> None:
        self.looks = 0

    @property
    def succeeded(self) -> int:
        self.looks += 1
        return self.looks


class Striker:
    def __init__(self) -> None:
        self.struck: list[Fault] = []

    def strike(self, fault: Fault) -> None:
        self.struck.append(fault)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The answers to come to whether all is well, the last one first."""
    answers: list[dict[str, str]] = [{}, {"kafka": "no broker"}]
    monkeypatch.setattr(recovery, "ills", lambda _: answers.pop())
    return answers


def _carry_out(settings: Settings, fault: Fault) -> tuple[Any, Striker, Runs]:
    striker, runs = Striker(), Runs()
    outcome = drill._carry_out(settings, striker, runs, fault, 0.0)  # type: ignore[arg-type]  # noqa: SLF001
    return outcome, striker, runs


def test_a_recovery_lasts_until_all_is_well(settings: Settings, asked: list[dict[str, str]]) -> None:
    outcome, striker, runs = _carry_out(settings, FAULT)
    assert striker.struck == [FAULT]
    assert asked == []
    assert outcome.recovery > 0
    assert runs.looks == 1


def test_the_next_fault_may_come_at_once(settings: Settings, asked: list[dict[str, str]]) -> None:
    outcome, striker, _ = _carry_out(settings, replace(FAULT, awaited=False))
    assert outcome.recovery is None
    assert len(striker.struck) == 1
    assert len(asked) == 2


@pytest.mark.parametrize(
    "hit",
    [
        {"target": "batch job"},
        {"kind": "cut", "client": "batch job"},
        {"kind": "step", "target": "clock back"},
    ],
)
def test_a_batch_job_has_recovered_with_the_next_run_that_succeeds(
    settings: Settings, asked: list[dict[str, str]], hit: dict[str, Any]
) -> None:
    _, _, runs = _carry_out(settings, replace(FAULT, **hit))
    assert asked == []
    assert runs.looks == 2  # as the fault ended, and after the next success


def test_what_does_not_recover_ends_the_drill_by_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "ills", lambda _: {"s3-sink": "it is silent"})
    monkeypatch.setattr(drill, "_RECOVERY_SECONDS", 0.2)
    with pytest.raises(SystemExit, match=r"all services to be healthy: \{'s3-sink': 'it is silent'\}"):
        _carry_out(settings, FAULT)


def test_a_command_that_fails_ends_the_benchmark_by_name(settings: Settings) -> None:
    with pytest.raises(SystemExit, match="`no_such_module` failed in the benchmark's stack"):
        own_stack.run(settings, "no_such_module")
