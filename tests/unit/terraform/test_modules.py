"""The modules of terraform/ by their own tests, which need no AWS, and which providers they take."""

import re
from pathlib import Path

import pytest

from services.provision import api_definition
from stack.terraform.program import FOLDER, Terraform, is_installed, modules, plugin_folder

LOCK = 'provider "plugins.example/acme/cloud" {\n  version     = "5.100.0"\n}\n'


@pytest.mark.skipif(not is_installed(), reason="terraform is not installed")
@pytest.mark.parametrize("module", modules(), ids=lambda path: path.name)
def test_a_module_passes_its_own_tests(module: Path, tmp_path: Path) -> None:
    terraform = Terraform(module, tmp_path)
    terraform.init()
    done = terraform.run("test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success!.* [1-9]\d* passed, 0 failed", done.stdout)


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.name)
def test_a_module_s_provider_is_pinned_for_every_platform(module: Path) -> None:
    locked = (module / ".terraform.lock.hcl").read_text(encoding="utf-8")
    [version] = re.findall(r'^  version     = "(.+)"', locked, re.M)
    wanted = "".join(path.read_text(encoding="utf-8") for path in module.glob("*.tf"))
    assert re.findall(r'source  = "hashicorp/aws"\s+version = "(.+)"', wanted) == [version]
    # One for the archive of each platform, which is in the registry's signed list of them.
    assert len({*re.findall(r'"zh:([0-9a-f]{64})"', locked)}) >= 10


def test_all_modules_take_the_same_provider() -> None:
    locks = {(module / ".terraform.lock.hcl").read_text(encoding="utf-8") for module in modules()}
    assert len(locks) == 1


def test_a_folder_with_the_pinned_provider_is_taken(tmp_path: Path) -> None:
    module, add_ons = tmp_path / "module", tmp_path / "opt"
    module.mkdir()
    (module / ".terraform.lock.hcl").write_text(LOCK)
    older = add_ons / "a" / "plugins.example/acme/cloud/5.99.0/linux_amd64"
    older.mkdir(parents=True)
    assert plugin_folder(module, add_ons) is None
    pinned = add_ons / "b" / "plugins.example/acme/cloud/5.100.0/linux_amd64"
    pinned.mkdir(parents=True)
    assert plugin_folder(module, add_ons) == add_ons / "b"


def test_nothing_in_the_api_is_taken_for_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api_definition._CORS, "X-Other", "${secret}")  # noqa: SLF001
    with pytest.raises(ValueError, match="would take for variables: secret"):
        api_definition.terraform_template()


def test_no_state_can_be_committed() -> None:
    ignored = (FOLDER.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".terraform/", "*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfplan"} <= {*ignored}
