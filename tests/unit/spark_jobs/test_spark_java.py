"""The Java that Spark's launcher starts for us is the one of the machine, without the module that it warns of."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from spark_jobs.session import spark as session
from stack.local.isolated import make_settings


@pytest.fixture
def java(tmp_path: Path) -> Path:
    """A Java that prints its arguments, a line each."""
    program = tmp_path / "home" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    program.chmod(0o755)
    return program


def _started(environment: dict[str, str], *options: str) -> list[str]:
    program = f"{environment['JAVA_HOME']}/bin/java"
    return subprocess.run(
        [program, *options], env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_it_gets_all_other_options_as_they_are(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{java.parent}:{os.environ['PATH']}")
    options = ["--add-modules=jdk.incubator.vector", "-cp", "a b/*", "", "--add-modules=java.sql", "Main"]
    assert _started(session.java_environment(), *options) == options[1:]


def test_what_logs_in_to_msk_is_there_for_who_does_and_comes_last(tmp_path: Path) -> None:
    before_msk = {"KAFKA_SECURITY": "iam", "KAFKA_BOOTSTRAP_SERVERS": "b-1:9098", "AWS_ENDPOINT_URL": ""}
    for given, expected in (({}, ["spark"]), (before_msk, ["spark", "msk-iam"])):
        options = session.submit_options(make_settings(tmp_path, **given), brief=True)
        folders = options["spark.driver.extraClassPath"].split(os.pathsep)
        assert [Path(folder).parent.name for folder in folders] == expected


def test_the_callers_java_home_counts(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java.parents[1]))
    assert session.java_environment()["SPARK_DRIVER_JAVA"] == str(java)


def test_a_second_session_of_a_process_keeps_it(java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java.parents[1]))
    for name, value in session.java_environment().items():
        monkeypatch.setenv(name, value)
    assert session.java_environment() == {}
    assert _started(dict(os.environ), "x") == ["x"]


@pytest.mark.parametrize("brief", [True, False])
def test_java_takes_the_options_of_a_run_without_a_word(
    brief: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "SPARK_ARCHIVE", tmp_path / "none")
    options = session.submit_options(make_settings(tmp_path), brief=brief)["spark.driver.extraJavaOptions"]
    with_them, without = (
        subprocess.run(["java", *given, "-version"], capture_output=True, text=True, check=True)
        for given in (shlex.split(options), [])
    )
    assert with_them.stdout == ""
    assert with_them.stderr.splitlines()[0] == without.stderr.splitlines()[0]
    assert len(with_them.stderr.splitlines()) == len(without.stderr.splitlines())
