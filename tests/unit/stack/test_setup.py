"""Set-up: secrets are generated once, jars are checked by hash, and a machine's faults come with a remedy."""

import hashlib
import platform
import stat
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.settings import ROOT, read_settings
from stack import dotenv
from stack.local import doctor, install
from stack.local.install import InstallError, Step, check_jars, is_done, stamp_file
from stack.local.isolated import make_settings
from stack.mysql import launch
from tests.processes import launch_server


def test_secrets_are_generated_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    added = dotenv.write(path)
    assert "ANALYST_PASSWORD" in added
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(set(path.read_text().splitlines())) == len(added) + 1


def test_a_value_is_never_changed(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("ANALYST_PASSWORD=mine\nKAFKA_PORT=19092")
    added = dotenv.write(path)
    assert "ANALYST_PASSWORD" not in added
    text = path.read_text()
    assert text.startswith("ANALYST_PASSWORD=mine\nKAFKA_PORT=19092\n")
    assert dotenv.write(path) == []
    assert path.read_text() == text


def test_generated_values_are_valid_settings(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    dotenv.write(path)
    assert read_settings(path)


def _sums(**jars: bytes) -> str:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  spark/{name}.jar\n" for name, data in jars.items())


def test_the_listed_jars_pass(tmp_path: Path) -> None:
    folder = tmp_path / "spark"
    folder.mkdir()
    (folder / "a.jar").write_bytes(b"a")
    check_jars(folder, _sums(a=b"a"))


@pytest.mark.parametrize(
    ("sums", "named"),
    [
        (_sums(a=b"other"), "a.jar"),
        (_sums(a=b"a", b=b"b"), "b.jar"),
        ("", "a.jar"),
    ],
)
def test_a_jar_that_is_wrong_missing_or_unlisted_is_named(tmp_path: Path, sums: str, named: str) -> None:
    folder = tmp_path / "spark"
    folder.mkdir()
    (folder / "a.jar").write_bytes(b"a")
    with pytest.raises(InstallError, match=named):
        check_jars(folder, sums)


@pytest.mark.parametrize(("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64")])
def test_mysql_is_left_out_where_its_server_does_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, machine: str
) -> None:
    everything = {step.name for step in install.steps()}
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert {step.name for step in install.steps()} == everything - {"mysql"}
    with pytest.raises(SystemExit, match=rf"this is {system} on {machine}.*`make up MODE=compose`"):
        launch.main([])
    with ExitStack() as stack, pytest.raises(pytest.skip.Exception, match="for Linux on x86_64"):
        launch_server(stack, make_settings(tmp_path), "mysql")


def test_a_step_is_done_again_when_its_inputs_change(tmp_path: Path) -> None:
    source = tmp_path / "lock"
    source.write_text("1")
    step = Step("step", (source,), lambda _: None)
    assert not is_done(step, tmp_path)
    stamp_file(step, tmp_path).write_text(step.digest())
    assert is_done(step, tmp_path)
    source.write_text("2")
    assert not is_done(step, tmp_path)


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MEMORY_NEEDED", 10**15)
    assert "Close other programs" in doctor.memory().remedy


def test_data_made_with_other_secrets_come_with_the_way_out(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert not doctor.data(settings).remedy
    log = settings.state_dir / "kafka" / "data" / "meta.properties"
    log.parent.mkdir(parents=True)
    log.write_text(f"#\ncluster.id={settings.kafka.cluster_id}\nversion=1\n")
    assert not doctor.data(settings).remedy
    log.write_text("cluster.id=another\n")
    assert "`make clean`" in doctor.data(settings).remedy


def test_the_example_explains_every_setting() -> None:
    assert (ROOT / ".env.example").read_text() == dotenv.example(), "run `make format`"
