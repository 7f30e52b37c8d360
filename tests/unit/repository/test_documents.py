"""Check that what the documents name exists: make targets, settings, files."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from common.settings import ROOT, VARIABLES
from contracts.rows import TABLE_NAMES, columns
from contracts.tables import TABLES
from services.source.source_dir import read
from spark_jobs.cleaning import REASONS

DOCUMENTS = [
    path for pattern in ("*.md", "docs/**/*.md", "terraform/*.md") for path in sorted(ROOT.glob(pattern))
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
# Variables of other programs, and make's own.
FOREIGN = {
    *(
        "AT_MOST",
        "EMULATE_ARGS",
        "TEST_PROCESSES",
        "QUERY_ARGS",
        "SERVICE",
        "FOLLOW",
        "FORCE",
        "FULL",
        "ARGS",
        "AWS_MSK_IAM",
        "JAVA_TOOL_OPTIONS",
        "KINESIS_KEPT_MB",
        "HADOOP_CONF_DIR",
        "SPARK_LOCAL_IP",
    ),
    *(
        "BASE_IMAGE",
        "COMPOSE_FILE",
        "COMPOSE_PROJECT_NAME",
        "DOCKER_BUILDKIT",
        "DOCKER_DEFAULT_PLATFORM",
        "DOCKER_HOST",
        "REGISTRIES_FILE",
    ),
    *("ALTER_CONFIGS", "DESCRIBE_CONFIGS", "SASL_PLAINTEXT"),  # operations and a protocol of Kafka's
    *("DEBIAN_MIRROR", "NPM_CONFIG_REGISTRY", "PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_exist(path: Path) -> None:
    lines = re.findall(r"(?:^|`)make ([a-z -]+)", path.read_text(), re.M)
    assert {word for line in lines for word in line.split()} <= TARGETS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_samples_in_python_can_be_read_by_it(path: Path) -> None:
    for sample in re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S):
        ast.parse(sample)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_variables_are_settings(path: Path) -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", path.read_text()))
    assert named - FOREIGN <= VARIABLES.keys()


def test_every_command_is_explained_by_make_help() -> None:
    explained = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M))
    inner = {"setup-compose", "setup-dev", "setup-local", "lint-here", "test-here"}
    assert explained | inner | {"test-unit", "test-servers"} == TARGETS


def test_the_sample_lines_of_a_source_folder_can_be_loaded(tmp_path: Path) -> None:
    contracts = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    [samples] = re.findall(r"^```json\n(\{\"index\".*?)^```$", contracts, re.M | re.S)
    for table, line in zip(TABLES, samples.splitlines(), strict=True):
        (tmp_path / f"{TABLE_NAMES[table]}.jsonl").write_text(f"{line}\n", encoding="utf-8")
        assert [getattr(row, columns(table)[0]) for [row] in read(table, tmp_path)] == [7528]


def test_every_reason_of_a_rejection_is_explained_with_its_limits() -> None:
    contracts = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    section = contracts.partition("## Quarantine")[2].partition("\n## ")[0]
    explained = dict(re.findall(r"^\| (`[a-z_`, ]+`) \| (.*) \|$", section, re.M))
    assert set(re.findall(r"`([a-z_]+)`", " ".join(explained))) == set(REASONS)
    limits = {limit for text in REASONS.values() for limit in re.findall(r"-?\d+\.\.\d+", text)}
    assert limits <= set(re.findall(r"-?\d+\.\.\d+", " ".join(explained.values())))
    assert len(limits) == 4


def test_a_second_checkout_moves_every_port() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    moved = dict(re.findall(r"^([A-Z_]+_PORT)=(\d+)$", text, re.M))
    assert moved.keys() == {name for name in VARIABLES if name.endswith("_PORT")}
    defaults = [VARIABLES[name].field.default for name in moved]
    assert len({*map(int, moved.values()), *defaults}) == 2 * len(moved)


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=lambda path: path.name)
def test_a_decision_has_all_that_its_reader_asks_for(path: Path) -> None:
    title, rest = path.read_text(encoding="utf-8").split("\n", 1)
    asked = {"status", "decision", "plain alternative", "gain", "measure it", "delete it when"}
    said = set(re.findall(r"^\| ([a-z ]+) \| ", rest, re.M))
    assert title.startswith(f"# {int(path.name[:4])}. ")
    assert asked <= said or {"alternative", "delete it when"} <= said
    assert f"]({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=lambda path: path.name)
def test_files_that_a_decision_names_exist(path: Path) -> None:
    named = re.findall(r"`([a-z_]+(?:/[A-Za-z_0-9]+)+\.py)`", path.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_document_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#:]+)\)", index.read_text())}
    decisions = set((ROOT / "docs" / "adr").glob("0*.md"))
    assert {path for path in DOCUMENTS if path not in decisions} - linked <= {index, ROOT / "README.md"}


def test_the_newest_release_in_the_changelog_is_the_version() -> None:
    released = re.findall(r"^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
