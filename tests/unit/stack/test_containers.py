"""Test what the engine prints of the stack, read into the table of services."""

import json
from io import StringIO
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from rich.console import Console

from stack.containers import engine
from stack.containers.env import completion
from stack.dotenv import required
from stack.status.service_table import print_notes

NEVER, ENDED = "0001-01-01T00:00:00Z", "2026-11-29T01:12:26.067724666Z"

CONFIG = {
    "name": "pinterest-pipeline",
    "services": {
        "s3-sink": {
            "restart": "unless-stopped",
            "depends_on": {"kafka": {}, "init": {}},
            "x-url": "s3://bucket/",
        },
        "kafka": {"restart": "unless-stopped", "x-url": "127.0.0.1:9092"},
        "init": {"restart": "on-failure", "depends_on": {"kafka": {}}},
        "emulator": {"restart": "no"},
    },
}


def _container(
    service: str, state: str = "running", health: str = "", status: int = 0, number: int = 1
) -> dict[str, Any]:
    name = f"pinterest-pipeline-{service}-{number}"
    return {"Service": service, "Name": name, "State": state, "Health": health, "ExitCode": status}


def _stats(service: str, used: str, number: int = 1) -> dict[str, Any]:
    return {"Name": f"pinterest-pipeline-{service}-{number}", "MemUsage": f"{used} / 1GiB"}


def _printed(*values: object) -> str:
    return yaml.dump(CONFIG) + "---\n" + "\n".join(map(json.dumps, values)) + "\n"


UP = (
    _container("s3-sink", health="healthy"),
    _container("kafka", health="healthy"),
    _container("init", "exited"),
)


def test_services_that_are_there_come_after_what_they_depend_on() -> None:
    lines = engine.lines(engine.read(_printed(*UP, _stats("kafka", "412.5MiB"))))
    assert [line.name for line in lines] == ["kafka", "init", "s3-sink"]
    assert [line.problem for line in lines] == [None] * 3
    assert [line.one_shot for line in lines] == [False, True, False]
    assert [line.memory for line in lines] == [round(412.5 * 1024**2), 0, 0]
    assert lines[2].url == "s3://bucket/"


def test_a_command_that_runs_is_no_service() -> None:
    lines = engine.lines(engine.read(_printed(*UP, _container("emulator", "created"))))
    assert "emulator" not in [line.name for line in lines]


def test_a_container_of_a_service_that_is_no_more_is_left_out() -> None:
    assert len(engine.read(_printed(*UP, _container("gone"))).containers) == len(UP)


def test_containers_in_a_list_as_older_versions_print_them() -> None:
    assert len(engine.read(_printed(list(UP))).containers) == len(UP)


def test_a_service_of_several_containers_is_as_well_as_the_worst_of_them() -> None:
    containers = (_container("kafka", health="healthy"), _container("kafka", health="unhealthy", number=2))
    stats = (_stats("kafka", "1GiB"), _stats("kafka", "512MiB", number=2))
    [line] = engine.lines(engine.read(_printed(*containers, *stats)))
    assert (line.name, line.problem, line.memory) == ("kafka (2)", "unhealthy", 1536 * 1024**2)


def _inspected(service: str, count: int = 0, finished: str = NEVER, *, oom: bool = False) -> dict[str, Any]:
    """As `stack` has Docker 20.10 and 28 print it."""
    return {
        "Name": f"/pinterest-pipeline-{service}-1",
        **{"RestartCount": count, "Memory": 600 * 1024**2, "OOMKilled": oom},
        **{"StartedAt": "2026-11-29T01:12:26.522880153Z", "FinishedAt": finished},
    }


def _event(action: str, service: str = "kafka", time: int = 1795914746, **attributes: str) -> dict[str, Any]:
    attributes |= {"image": "i", "name": f"pinterest-pipeline-{service}-1"}
    return {
        "status": action,
        "Type": "container",
        "Action": action,
        "time": time,
        "Actor": {"Attributes": attributes},
    }


STARTED = "2026-11-29 01:12:26 UTC"


@pytest.mark.parametrize(
    ("known", "note"),
    [
        ([_inspected("kafka")], None),
        (
            [_inspected("kafka", 0, ENDED)],
            f"restarted at {STARTED}: by `make restart`, or with the engine itself",
        ),
        (  # an engine that keeps the mark over the restart
            [_inspected("kafka", 1, ENDED, oom=True)],
            f"restarted once, at {STARTED}: out of memory at its limit of 600 MB; the engine started it again",
        ),
        (  # one that does not, while its events are there
            [_inspected("kafka", 3, ENDED), _event("oom"), _event("die", exitCode="137")],
            f"restarted 3 times, last at {STARTED}: out of memory at its limit of 600 MB; the engine started it again",
        ),
        (
            [_inspected("kafka", 2, ENDED, oom=True), _event("die", exitCode="3"), _event("die", "mysql")],
            f"restarted 2 times, last at {STARTED}: it ended by itself (exit status 3); the engine started it again",
        ),
        (
            [_inspected("kafka", 1, ENDED), _event("die", exitCode="139")],
            f"restarted once, at {STARTED}: it ended by itself (terminated by SIGSEGV); the engine started it again",
        ),
        (  # events of another end, and none left of this one
            [_inspected("kafka", 1, ENDED), _event("oom", time=1795914000)],
            f"restarted once, at {STARTED}: it ended by itself, the engine no longer knows how"
            " (`make logs` shows its last lines); the engine started it again",
        ),
        (  # pid 1 lives on
            [_inspected("kafka"), _event("oom"), {"Name": "pinterest-pipeline-kafka-1", "Killed": 2}],
            "the kernel killed 2 processes in it since it started: out of memory at its limit of 600 MB",
        ),
        ([_inspected("init", 0, ENDED)], None),  # a job runs at each start
    ],
)
def test_it_is_said_that_a_container_was_restarted_and_why(
    known: list[dict[str, Any]], note: str | None
) -> None:
    assert engine.notes(engine.read(_printed(*UP, *known))) == ([f"kafka: {note}"] if note else [])


def test_containers_that_were_restarted_deliberately_share_a_line() -> None:
    asked = [_inspected(name, 0, ENDED) for name in ("s3-sink", "kafka")]
    killed = {"Name": "pinterest-pipeline-kafka-1", "Killed": 1}
    assert engine.notes(engine.read(_printed(*UP, *asked, killed))) == [
        f"restarted by `make restart`, or with the engine itself, last at {STARTED}: s3-sink, kafka",
        "kafka: the kernel killed a process in it since it started: out of memory at its limit of 600 MB",
    ]


def test_of_several_containers_it_is_said_which(capsys: pytest.CaptureFixture[str]) -> None:
    workers = [_container("kafka", number=number) for number in (1, 2)]
    [note] = engine.notes(engine.read(_printed(*workers, _inspected("kafka", 0, ENDED))))
    assert note.startswith("pinterest-pipeline-kafka-1: restarted at ")
    print_notes(Console(width=80), [note])
    assert capsys.readouterr().out == f"\n{note}\n"  # a long line is left to the terminal


@pytest.mark.parametrize(
    ("container", "one_shot", "problem"),
    [
        (_container("x"), False, None),
        (_container("x", health="starting"), False, "starting"),
        (_container("x", health="unhealthy"), False, "unhealthy"),
        (_container("x", "created"), False, "created"),
        (_container("x", "restarting", status=1), False, "restarting"),
        (_container("x", "exited"), False, "exited with status 0"),
        (_container("x", "exited"), True, None),
        (_container("x", "exited", status=137), True, "exited with status 137"),
        (_container("x"), True, "running"),
    ],
)
def test_what_is_wrong_with_a_container(
    container: dict[str, Any], one_shot: bool, problem: str | None
) -> None:
    assert engine.problem(container, one_shot) == problem


def test_the_failed_are_those_that_keep_others_waiting() -> None:
    containers = (
        _container("s3-sink", "created"),
        _container("kafka", health="unhealthy"),
        _container("init", "created"),
    )
    assert engine.failed(engine.read(_printed(*containers))) == ["kafka"]
    assert engine.failed(engine.read(_printed(*UP))) == []


@pytest.mark.parametrize(
    ("shown", "size"), [("0B / 0B", 0), ("512B / 1GiB", 512), ("1.5GiB / 2GiB", 1536 * 1024**2), ("--", 0)]
)
def test_sizes(shown: str, size: int) -> None:
    assert engine.size(shown) == size


@pytest.mark.parametrize("text", ["", "KAFKA_PORT=19092", "ANALYST_PASSWORD=mine\n", "COMPOSE_PROFILES=\n"])
def test_what_a_dotenv_lacks_is_appended_and_no_more(text: str) -> None:
    names, lines = completion(text)
    whole = dotenv_values(stream=StringIO(text + lines))
    assert whole.items() >= dotenv_values(stream=StringIO(text)).items()
    assert whole.keys() >= {*required(), "COMPOSE_PROFILES"}
    assert "ANALYST_PASSWORD" not in names or "ANALYST_PASSWORD" not in text
    assert completion(text + lines) == ([], "")
