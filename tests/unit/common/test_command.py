"""The `make` commands' errors and help: in the commands' own names, not those of Python modules."""

from collections.abc import Callable

import pytest

from tests.commands import run_program

COMMANDS = {
    "emulator": "make emulate",
    "operations.airflow.backfill": "make backfill",
    "operations.airflow.trigger": "make trigger",
    "stack.containers.show": "make status",
    "stack.local": "make",
    "stack.local.doctor": "make doctor",
    "stack.local.open": "make open",
    "stack.local.setup": "make setup",
    "operations.query": "make query",
    "operations.streamed": "make streamed",
    "services.s3_sink.catch_up": "make landed",
    "operations.verify": "make verify",
    "spark_jobs.batch": "make batch",
    "operations.quarantine": "make quarantine",
    "spark_jobs.replay": "make replay",
}


Run = Callable[..., tuple[object, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return lambda module, *words: run_program(monkeypatch, capsys, module, *words)


@pytest.mark.parametrize(("module", "name"), COMMANDS.items())
def test_an_unknown_option_is_refused_in_the_commands_name(run: Run, module: str, name: str) -> None:
    status, out, err = run(module, "--no-such-option")
    assert (status, out) == (2, "")
    assert err.startswith(f"{name}: No such option: --no-such-option")
    assert "python" not in err


@pytest.mark.parametrize(
    ("module", "usage"),
    [
        ("emulator", 'make emulate ARGS="[OPTIONS] [path]"'),
        ("operations.query", 'make query ARGS="[OPTIONS] [NUMBER]..."'),
        ("operations.quarantine", "make quarantine [OPTIONS]"),
    ],
)
def test_help_shows_what_to_type(run: Run, module: str, usage: str) -> None:
    status, out, _ = run(module, "--help")
    assert status == 0
    assert f"Usage: {usage}" in out
    assert "python" not in out


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("operations.query", ["batch"], "make query: there is no query batch; there are 1 to 9"),
        ("emulator", ["topics"], "make emulate: Invalid value for 'path': 'topics' is not one of"),
        ("emulator", ["--rate", "0"], "make emulate: Invalid value for '--rate'"),
        ("emulator", ["batch", "\x1b[2J"], r"make emulate: Got unexpected extra argument(s) (\x1b[2J)"),
    ],
)
def test_a_wrong_value_comes_with_what_to_type(run: Run, module: str, words: list[str], said: str) -> None:
    status, out, err = run(module, *words)
    assert (status, out) == (2, "")
    error, usage = err.splitlines()
    assert error.startswith(said)
    assert usage.startswith("`make ")


def test_a_reason_that_is_none_is_refused_with_those_that_are(run: Run) -> None:
    status, _, err = run("spark_jobs.replay", "--reason", "latitude")
    assert status == 1
    assert "there is no reason 'latitude'; there are tombstone, not_json, " in err
    assert "latitude_out_of_range" in err


def test_a_time_that_is_none_is_refused_with_its_variable(run: Run) -> None:
    assert "FROM is 'yesterday', neither an offset nor" in run("spark_jobs.replay", "--first", "yesterday")[2]
    assert "TO is 'tomorrow', neither an offset nor" in run("spark_jobs.replay", "--last", "tomorrow")[2]
