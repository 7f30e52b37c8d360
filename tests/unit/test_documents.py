"""What the documents name exists: make targets, settings, files."""

import re
from pathlib import Path

import pytest

from services.common.settings import ROOT, Settings

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
# Variables of other programs, and make's own.
FOREIGN = {
    *("SERVICE", "FOLLOW", "FORCE", "FULL", "ARGS", "JAVA_TOOL_OPTIONS", "HADOOP_CONF_DIR", "SPARK_LOCAL_IP"),
    *(
        "BASE_IMAGE",
        "COMPOSE_FILE",
        "COMPOSE_PROJECT_NAME",
        "DOCKER_BUILDKIT",
        "DOCKER_HOST",
        "REGISTRIES_FILE",
    ),
    *("DEBIAN_MIRROR", "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    lines = re.findall(r"(?:^|`)make ([a-z -]+)", path.read_text(), re.M)
    assert {word for line in lines for word in line.split()} <= TARGETS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_variables_are_settings(path: Path) -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", path.read_text()))
    assert named - FOREIGN <= {name.upper() for name in Settings.model_fields}


def test_every_command_is_explained_by_make_help() -> None:
    explained = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    assert explained | {"setup-compose", "setup-dev", "setup-local"} == TARGETS
