"""What the pipeline imports is in the requirements it runs with, and no lock file names where it came from."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from services.common.settings import ROOT

PACKAGES = ("services", "emulator", "spark_jobs")
# Imported for type checks only, which need the tools of development.
TYPES_ONLY = {"mypy_boto3_apigateway", "mypy_boto3_kinesis", "mypy_boto3_s3"}


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    absolute = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    modules = {node.module for node in absolute if node.module}
    return {name.split(".")[0] for name in names | modules}


def _canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_every_import_is_a_runtime_requirement() -> None:
    locked = set(
        re.findall(r"^([\w.-]+)(?:\[\w+\])?==", (ROOT / "requirements" / "runtime.txt").read_text(), re.M)
    )
    imported = set().union(
        *(_imports(path) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    )
    foreign = imported - set(PACKAGES) - set(sys.stdlib_module_names) - TYPES_ONLY
    providers = packages_distributions()
    missing = {name for name in foreign if not {_canonical(one) for one in providers.get(name, [])} & locked}
    assert missing == set()


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_file_pins_by_hash_and_names_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(re.findall(r"^[\w.-]+.*==", text, re.M)) > 0


def _pins(name: str) -> set[str]:
    return set(
        re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==\S+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.M)
    )


@pytest.mark.parametrize(
    ("image", "larger"),
    [("app", "spark"), ("spark", "airflow"), ("airflow", "runtime"), ("postgres", "runtime")],
)
def test_an_image_has_the_versions_of_local_mode(image: str, larger: str) -> None:
    assert set() < _pins(image) < _pins(larger)


def test_airflows_folder_is_no_package() -> None:
    assert not (ROOT / "airflow" / "__init__.py").exists()
