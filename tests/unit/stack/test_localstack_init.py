"""Test what LocalStack runs at its start: where it finds it, that it is first, and that it ends where it fails."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from common.settings import ROOT
from stack.local.isolated import make_settings
from stack.localstack.launch import filesystem, objects_folder

INIT = "etc/localstack/init"
SCRIPT = f"{INIT}/start.d/refuse_foreign.py"


class Chain:
    terminated = False

    def terminate(self) -> None:
        self.terminated = True


class Response:
    status_code = 200

    def set_json(self, body: dict[str, str]) -> None:
        self.message = body["message"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return filesystem(make_settings(tmp_path))


@pytest.fixture
def handlers(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The gateway's handlers, in a LocalStack of which there is nothing else."""
    found: list[Any] = ["another"]
    gateway = SimpleNamespace(request_handlers=found)
    package, runtime = ModuleType("localstack"), ModuleType("localstack.runtime")
    config = SimpleNamespace(
        dirs=SimpleNamespace(init=str(root / INIT)), LOCALSTACK_HOST=SimpleNamespace(host="stack.example")
    )
    vars(package).update(config=config)
    vars(runtime).update(
        get_current_runtime=lambda: SimpleNamespace(components=SimpleNamespace(gateway=gateway))
    )
    monkeypatch.setitem(sys.modules, "localstack", package)
    monkeypatch.setitem(sys.modules, "localstack.runtime", runtime)
    monkeypatch.delitem(sys.modules, "hosts", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("ALLOWED_HOSTS", "more.example")
    return found


def run(root: Path) -> None:
    """As LocalStack does: without a name, a file or a package around it."""
    exec((root / SCRIPT).read_bytes(), {})  # noqa: S102


def ask(handler: Callable[..., None], **headers: str) -> tuple[int, bool]:
    chain, response = Chain(), Response()
    handler(chain, SimpleNamespace(request=SimpleNamespace(headers=headers)), response)
    return response.status_code, chain.terminated


def test_it_is_the_first_handler_and_refuses(root: Path, handlers: list[Any]) -> None:
    run(root)
    assert handlers[1:] == ["another"]
    for host in ("localhost:4566", "stack.example", "more.example:80"):
        assert ask(handlers[0], Host=host) == (200, False)
    assert ask(handlers[0], Host="evil.example") == (421, True)
    assert ask(handlers[0], Host="localhost:4566", Origin="http://localhost:9") == (403, True)
    assert ask(handlers[0]) == (421, True)


def test_where_it_fails_localstack_ends(root: Path, handlers: list[Any]) -> None:
    (root / INIT / "hosts.py").unlink()
    # LocalStack goes on after any error that is an Exception.
    with pytest.raises(SystemExit, match="does not start"):
        run(root)
    assert handlers == ["another"]


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "images/Dockerfile"])
def test_the_images_have_the_same_files(root: Path, dockerfile: str) -> None:
    text = (ROOT / dockerfile).read_text().replace("\\\n", " ")
    copied = {
        target: [ROOT / source for source in sources.split()]
        for sources, target in re.findall(rf"^COPY ((?!--).+) /({INIT}\S*)$", text, re.M)
    }
    assert copied.keys() == {f"{INIT}/", f"{INIT}/start.d"}
    [hosts] = [path for path in copied[f"{INIT}/"] if path.suffix == ".py"]
    assert hosts.samefile(root / INIT / "hosts.py")
    [folder] = copied[f"{INIT}/start.d"]
    scripts = {path.name: path for path in folder.glob("*.py")}
    linked = [*(root / INIT / "start.d").iterdir()]
    assert scripts.keys() == {path.name for path in linked} == {Path(SCRIPT).name, "objects_folder.py"}
    assert all(scripts[path.name].samefile(path) for path in linked)


def test_a_link_of_a_checkout_that_is_gone_is_made_again(root: Path) -> None:
    link = root / SCRIPT
    link.unlink()
    link.symlink_to("/nowhere")
    filesystem(make_settings(root.parent))
    assert link.samefile(ROOT / "stack/localstack/init/refuse_foreign.py")


def test_what_a_killed_localstack_has_left_of_its_objects_is_removed(root: Path) -> None:
    left = objects_folder(root) / "tmp" / "bucket"
    left.mkdir(parents=True)
    assert list(objects_folder(root).iterdir()) == []
