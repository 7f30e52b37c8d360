"""The `make` commands' errors and help: in the commands' own names, not those of Python modules."""

import subprocess
import sys

import pytest

from services.common.settings import ROOT

COMMANDS = {
    "emulator": "make emulate",
    "services.airflow.backfill": "make backfill",
    "services.airflow.trigger": "make trigger",
    "services.containers.show": "make status",
    "services.local": "make",
    "services.local.doctor": "make doctor",
    "services.local.open": "make open",
    "services.local.setup": "make setup",
    "services.postgres.query": "make query",
    "services.postgres.streamed": "make streamed",
    "services.s3_sink.catch_up": "make landed",
    "services.verify": "make verify",
    "spark_jobs.batch": "make batch",
    "spark_jobs.quarantine": "make quarantine",
    "spark_jobs.replay": "make replay",
}


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("module", "name"), COMMANDS.items())
def test_an_unknown_option_is_refused_in_the_commands_name(module: str, name: str) -> None:
    done = run(module, "--no-such-option")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{name}: No such option: --no-such-option")
    assert "python" not in done.stderr


@pytest.mark.parametrize(
    ("module", "usage"),
    [
        ("emulator", 'make emulate ARGS="[OPTIONS] [path]"'),
        ("services.postgres.query", 'make query ARGS="[OPTIONS] [NUMBER]..."'),
        ("spark_jobs.quarantine", "make quarantine [OPTIONS]"),
    ],
)
def test_help_shows_what_to_type(module: str, usage: str) -> None:
    done = run(module, "--help")
    assert done.returncode == 0
    assert f"Usage: {usage}" in done.stdout
    assert "python" not in done.stdout


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("services.postgres.query", ["batch"], "make query: there is no query batch; there are 1 to 9"),
        ("emulator", ["topics"], "make emulate: Invalid value for 'path': 'topics' is not one of"),
        ("emulator", ["--rate", "0"], "make emulate: Invalid value for '--rate'"),
        ("emulator", ["batch", "\x1b[2J"], r"make emulate: Got unexpected extra argument(s) (\x1b[2J)"),
    ],
)
def test_a_wrong_value_comes_with_what_to_type(module: str, words: list[str], said: str) -> None:
    done = run(module, *words)
    assert (done.returncode, done.stdout) == (2, "")
    error, usage = done.stderr.splitlines()
    assert error.startswith(said)
    assert usage.startswith("`make ")


def test_a_reason_that_is_none_is_refused_with_those_that_are() -> None:
    done = run("spark_jobs.replay", "--reason", "latitude")
    assert done.returncode == 1
    assert "there is no reason 'latitude'; there are tombstone, not_json, " in done.stderr
    assert "latitude_out_of_range" in done.stderr


def test_a_time_that_is_none_is_refused_with_its_variable() -> None:
    assert (
        "FROM is 'yesterday', neither an offset nor"
        in run("spark_jobs.replay", "--first", "yesterday").stderr
    )
    assert "TO is 'tomorrow', neither an offset nor" in run("spark_jobs.replay", "--last", "tomorrow").stderr
