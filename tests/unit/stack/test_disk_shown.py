"""The disk in `make status`: what each service holds against what bounds it, and a warning where little is free."""

import io
import os
import subprocess
from collections import namedtuple
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from rich.console import Console

from common.settings import Settings
from stack.local import processes
from stack.local.isolated import make_settings
from stack.local.supervision import STATE_FOLDERS
from stack.os_user import server_home
from stack.status.disk import GB, LOW_BYTES, print_disk, print_free, size, stores, unnamed

MB = 1024**2
Usage = namedtuple("Usage", ["total", "used", "free"])  # shutil's own is private


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a stack whose database servers live in its own folder, as they do for every account but root's."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return make_settings(tmp_path / "state", KAFKA_PARTITIONS=3, KAFKA_RETENTION_BYTES=2 * GB)


def _file(path: Path, count: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(count))
    return path


def _disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(100 * GB, 100 * GB - free, free))


def test_a_stack_that_has_written_nothing_yet_holds_nothing(settings: Settings) -> None:
    assert {line.split()[1] for name, line in _shown(settings).items() if name != "disk"} == {"0"}


def _shown(settings: Settings) -> dict[str, str]:
    text = io.StringIO()
    print_disk(Console(file=text, width=120), settings)
    return {line.split()[0]: line for line in text.getvalue().splitlines() if line}


def test_what_each_service_holds_is_shown_with_its_bound(settings: Settings) -> None:
    for path, count in (
        ("kafka/data/pin-0/0.log", 3 * MB),
        ("kafka/data/geo-0/0.log", 2 * MB),
        ("logs/a", MB),
    ):
        _file(settings.state_dir / path, count)
    shown = _shown(settings)
    assert shown["kafka"].split(maxsplit=3) == [
        *("kafka", "5", "MB"),
        "KAFKA_RETENTION_BYTES for each of 15 partitions: 31.9 GB with a file more of each",
    ]
    assert shown["logs"].split()[1:3] == ["1", "MB"]
    assert shown["spark"].split()[1:3] == ["0", "MB"]


def test_every_folder_that_grows_is_among_them(settings: Settings) -> None:
    small = {"run", "jupyter"}  # settings, state files, a token
    assert {each.path.name for each in stores(settings)} == {*STATE_FOLDERS} - small


def test_the_databases_of_root_are_where_their_account_can_reach_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    paths = {each.name: each.path for each in stores(settings)}
    assert paths["postgres"].parent == paths["mysql"].parent == server_home(settings) != settings.state_dir


def test_a_size_is_that_on_disk_without_what_links_lead_to(tmp_path: Path) -> None:
    outside = _file(tmp_path / "outside", 5 * MB)
    _file(tmp_path / "folder" / "deep" / "file", MB)
    (tmp_path / "folder" / "link").symlink_to(outside)
    (tmp_path / "folder" / "links").symlink_to(tmp_path)
    with (tmp_path / "folder" / "sparse").open("wb") as sparse:
        sparse.truncate(100 * MB)
    assert size(tmp_path / "folder") == pytest.approx(MB, rel=0.1)
    assert size(tmp_path / "none") == 0


def test_files_that_a_server_has_open_without_a_name_count_as_its_own(settings: Settings) -> None:
    folder = settings.state_dir / "localstack"
    folder.mkdir(parents=True)
    with TemporaryFile(dir=folder) as objects, os.fdopen(os.memfd_create("memory"), "wb") as memory:
        for file in (objects, memory):
            file.write(os.urandom(3 * MB))
            file.flush()
        assert size(folder) == 0
        assert _shown(settings)["localstack"].split()[1:3] == ["0", "MB"]
        processes.record(settings, "localstack")
        assert _shown(settings)["localstack"].split()[1:3] == ["3", "MB"]


def test_a_server_that_has_ended_holds_what_its_folder_does() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert unnamed(ended.pid) == 0


@pytest.mark.parametrize(("free", "warned"), [(LOW_BYTES - 1, True), (LOW_BYTES, False)])
def test_little_room_is_a_warning(
    free: int, warned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _disk(monkeypatch, free)
    text = io.StringIO()
    print_free(Console(file=text, width=80), {"the engine": tmp_path})
    assert text.getvalue().startswith("\n2.0 of 100 GB are free on the disk of the engine.")
    assert ("Make room" in text.getvalue()) is warned


def test_a_file_system_is_named_once(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    text = io.StringIO()
    print_free(Console(file=text, width=80), {"one": tmp_path, "other": other})
    assert text.getvalue().count("are free") == 1
