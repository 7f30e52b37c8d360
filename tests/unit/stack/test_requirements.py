"""Test that what the pipeline imports is in its requirements, and that no lock file names where it came from."""

import ast
import re
import sys
import tomllib
from collections import Counter
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from common.settings import ROOT

PACKAGES = (
    *("contracts", "common", "emulator", "services", "spark_jobs", "operations", "workspace", "dashboard"),
    "stack",
)
# Imported for type checks only, which need the tools of development.
TYPES_ONLY = {"mypy_boto3_apigateway", "mypy_boto3_kinesis", "mypy_boto3_s3"}


def _canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


INSTALLED = {_canonical(one.name): one for one in distributions()}
# Our own distribution, which is installed without its requirements: these locks have them.
KINESIS_SOURCE = "pyspark_kinesis_source"
# By requirements/overrides.in.
LEFT_OUT = {"pyspark-client"}
# Run by LocalStack, in its own environment.
LOCALSTACKS = ROOT / "stack" / "localstack" / "init"


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    absolute = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    modules = {node.module for node in absolute if node.module}
    return {name.split(".")[0] for name in names | modules}


def _locked_names(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return set(re.findall(r"^([\w.-]+)(?:\[\w+\])?==", text, re.M))


@pytest.mark.parametrize(
    ("packages", "locks"),
    [(PACKAGES, ("runtime", "notebook")), (("contracts", "common", "dashboard"), ("dashboard",))],
    ids=["ours", "the dashboard's image"],
)
def test_every_import_is_a_runtime_requirement(packages: tuple[str, ...], locks: tuple[str, ...]) -> None:
    locked = set().union(*map(_locked_names, locks))
    ours = {path for package in packages for path in (ROOT / package).rglob("*.py")}
    imported = set().union(*(_imports(path) for path in ours if LOCALSTACKS not in path.parents))
    foreign = imported - {*PACKAGES, KINESIS_SOURCE} - set(sys.stdlib_module_names) - TYPES_ONLY
    providers = packages_distributions()
    missing = {name for name in foreign if not {_canonical(one) for one in providers.get(name, [])} & locked}
    assert missing == set()


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_file_pins_by_hash_and_names_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(re.findall(r"^[\w.-]+.*==", text, re.M)) > 0


def _locked(name: str) -> list[Requirement]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return [Requirement(line) for line in re.findall(r"^[\w.-]+.*==[^\\\n]*", text, re.M)]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("name", ["runtime", "dev", "notebook"])
def test_a_lock_file_is_complete_on_each_python(name: str, python: str) -> None:
    """Each requirement of a locked package, by its installed metadata, is locked in a version that it takes."""
    environment = {"python_version": python, "python_full_version": f"{python}.1", "extra": ""}
    pins = [pin for pin in _locked(name) if pin.marker is None or pin.marker.evaluate(environment)]
    versions = {pin.name: next(iter(pin.specifier)).version for pin in pins}
    assert len(versions) == len(pins)
    asked = [
        (pin.name, wanted)
        for pin in pins
        if pin.name in INSTALLED
        for wanted in map(Requirement, INSTALLED[pin.name].requires or [])
        if wanted.marker is None or wanted.marker.evaluate(environment)
    ]
    assert len(asked) > len(pins)
    unmet = [
        (by, str(wanted))
        for by, wanted in asked
        if _canonical(wanted.name) not in LEFT_OUT
        and not wanted.specifier.contains(versions.get(_canonical(wanted.name), "0"), prereleases=True)
    ]
    assert unmet == []


@pytest.mark.parametrize("name", ["runtime", "spark"])
def test_a_lock_file_has_what_the_kinesis_source_requires(name: str) -> None:
    project = tomllib.loads((ROOT / "kinesis-source" / "pyproject.toml").read_text())["project"]
    versions = {_canonical(pin.name): next(iter(pin.specifier)).version for pin in _locked(name)}
    wanted = [Requirement(each) for each in project["dependencies"]]
    extra = {
        Requirement(each)
        for parent in wanted
        for each in INSTALLED[_canonical(parent.name)].requires or []
        if any(f'extra == "{named}"' in each for named in parent.extras)
    }
    assert extra
    unmet = [
        str(each) for each in (*wanted, *extra) if not each.specifier.contains(versions.get(each.name, "0"))
    ]
    assert unmet == []


def _pins(name: str) -> set[str]:
    return set(
        re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==\S+", (ROOT / "requirements" / f"{name}.txt").read_text(), re.M)
    )


@pytest.mark.parametrize(
    ("image", "larger"),
    [
        ("app", "spark"),
        ("spark", "airflow"),
        ("airflow", "runtime"),
        ("app", "dashboard"),
        ("dashboard", "runtime"),
        ("postgres", "runtime"),
    ],
)
def test_an_image_has_the_versions_of_local_mode(image: str, larger: str) -> None:
    assert set() < _pins(image) < _pins(larger)


def test_packages_of_one_environment_have_one_version_in_all_lock_files() -> None:
    """.venv has the three sets, each installed when it is needed."""
    pins = set().union(*(_pins(name) for name in ("runtime", "dev", "notebook")))
    versions = Counter(re.split(r"[\[=]", pin)[0] for pin in pins)
    assert {name: count for name, count in versions.items() if count > 1} == {}


def test_airflows_folder_is_no_package() -> None:
    assert not (ROOT / "airflow" / "__init__.py").exists()
