"""The search for secrets finds one wherever it is looked for."""

import subprocess
import sys
from pathlib import Path

from stack.local.isolated import make_settings
from tests.secret_search import ProcessWatch, files_with, named_in, secrets_of

SECRETS = {"ONE_PASSWORD": "one-of-them", "OTHER_TOKEN": "the/other=="}


def test_secrets_are_those_that_set_up_generates(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    found = secrets_of(settings)
    assert {"ANALYST_PASSWORD", "AIRFLOW_FERNET_KEY", "NOTEBOOK_TOKEN", "JOBS_API_TOKEN"} <= found.keys()
    assert min(map(len, found.values())) > 20
    assert found["ANALYST_PASSWORD"] == settings.postgres.analyst_password.get_secret_value()


def test_files_are_found_whatever_else_is_in_them(tmp_path: Path) -> None:
    files = [tmp_path / "a.log", tmp_path / "deep" / ".hidden", tmp_path / "bin\nary", tmp_path / "clean"]
    files[1].parent.mkdir()
    for file, text in zip(
        files, (b"x one-of-them\n", b"the/other==", b"\0\xff one-of-them\0", b"one-of"), strict=True
    ):
        file.write_bytes(text)
    assert files_with(SECRETS, [tmp_path]) == {*files[:3]}


def test_texts_name_the_variables() -> None:
    assert named_in("a=one-of-them&b=the/other==", SECRETS) == SECRETS.keys()
    assert named_in("one of them", SECRETS) == set()


def test_command_lines_are_seen() -> None:
    program = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "--password=one-of-them"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        watch = ProcessWatch(SECRETS)
        watch.look()
        assert watch.seen == {(sys.executable, "ONE_PASSWORD")}
        process.communicate()
