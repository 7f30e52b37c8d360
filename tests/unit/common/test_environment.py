"""Test what a process of ours gets of its caller's environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.environment import composed, for_set_up, setting_names
from common.settings import ROOT, VARIABLES
from stack.local.isolated import make_settings
from tests.hostile import NOWHERE, hostile_shell

# What another program of the same name goes by; the settings decide whether it counts (`Settings.environment`).
SHARED = {"AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY"} | {
    *("SPARK_CONF_DIR", "SPARK_LOCAL_IP", "HADOOP_CONF_DIR")
}


def test_the_names_are_those_of_the_settings() -> None:
    assert setting_names() == VARIABLES.keys()


def test_nothing_of_a_hostile_shell_comes_in(tmp_path: Path) -> None:
    shell = hostile_shell(tmp_path)
    found = composed({**shell, "PATH": "/bin"})
    assert {name for name, value in found.items() if shell.get(name) == value} <= SHARED
    assert found["PATH"] == "/bin"


def test_settings_come_in_and_those_left_out_do_not() -> None:
    given = {"KAFKA_PORT": "1", "MYSQL_PASSWORD": "2", "KAFKA_OPTS": "3"}
    assert {"KAFKA_PORT": "1", "MYSQL_PASSWORD": "2"}.items() <= composed(given).items()
    assert not given.keys() & composed(given, without=setting_names()).keys()


def test_a_drills_clock_is_loaded_by_each_process_and_no_other_library() -> None:
    assert composed({"LD_PRELOAD": "mine.so"}).get("LD_PRELOAD") is None
    found = composed({"LD_PRELOAD": "mine.so", "DRILL_CLOCK": "/drill/clock.so"})
    assert (found["LD_PRELOAD"], found["DRILL_CLOCK"]) == ("/drill/clock.so", "/drill/clock.so")


def test_package_managers_find_their_index_and_proxy() -> None:
    given = {"UV_DEFAULT_INDEX": "a", "PIP_INDEX_URL": "b", "https_proxy": "c", "SSL_CERT_FILE": "d"}
    assert given.items() <= for_set_up(given).items()
    assert not given.keys() & composed(given).keys()


def test_a_program_starts_in_it_before_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text("")
    shell = {**hostile_shell(tmp_path), "PATH": os.environ["PATH"]}
    start = [sys.executable, "-I", "common/environment.py"]
    done = subprocess.run(
        [*start, "timeit", "-n1", "-r1", "import os; print(sorted(os.environ.items()))"],
        cwd=ROOT,
        env={name: value for name, value in shell.items() if name != "LD_LIBRARY_PATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "PYTHONPATH" not in done.stdout
    assert "PYTHONHOME" not in done.stdout


SHOW = "from common.settings import load_settings; load_settings(); import os; print(*sorted(os.environ))"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4566", ""])
def test_a_program_started_by_hand_composes_it_too(
    settings_env: dict[str, str], tmp_path: Path, endpoint: str
) -> None:
    (tmp_path / "config").write_text("[profile mine]\n")
    own = {"AWS_PROFILE": "mine", "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_ENDPOINT_URL": endpoint}
    strangers = {"PGOPTIONS": "-c timezone=Asia/Tokyo", "SPARK_REMOTE": "sc://x", "JAVA_HOME": NOWHERE}
    env = {**settings_env, "PATH": os.environ["PATH"], **own, **strangers}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not strangers.keys() & {*shown}
    assert ("AWS_PROFILE" in shown, "AWS_CONFIG_FILE" in shown) == (not endpoint, not endpoint)


def test_a_profile_that_is_not_there_is_a_sentence(settings_env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\n[profile mine]\n")
    files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path)}
    env = {**settings_env, "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": "", "AWS_PROFILE": "nope", **files}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "AWS_PROFILE" in done.stderr
    assert "default, mine" in done.stderr
    assert "Traceback" not in done.stderr


SECRET = "from common.settings import load_settings; s = load_settings(); s.mysql.password.get_secret_value()"


def test_a_service_that_asks_for_anothers_secret_is_told_so(settings_env: dict[str, str]) -> None:
    env = {name: value for name, value in settings_env.items() if "PASSWORD" not in name}
    env |= {"PATH": os.environ["PATH"], "PIPELINE_SERVICE": "s3-sink"}
    done = subprocess.run(
        [sys.executable, "-c", SECRET], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "MYSQL_PASSWORD is not among the secrets of s3-sink" in done.stderr


@pytest.fixture
def settings_env(tmp_path: Path) -> dict[str, str]:
    return make_settings(tmp_path / "state").environment()
