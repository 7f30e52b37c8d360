"""The distribution: what it needs, what is in its wheel, and what its README tells."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from pyspark_kinesis_source.errors import OptionError
from pyspark_kinesis_source.options import parse_options
from pyspark_kinesis_source.records import ARROW_SCHEMA, COLUMNS

FOLDER = Path(__file__).resolve().parents[1]
SOURCE = FOLDER / "src" / "pyspark_kinesis_source"
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without the network, as set-up and the images do."""
    folder = tmp_path_factory.mktemp("wheel")
    command: list[str | Path] = [
        UV,
        "build",
        "--quiet",
        "--wheel",
        "--offline",
        "--no-cache",
        "--out-dir",
        folder,
        FOLDER,
    ]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _imports(path: Path) -> set[str]:
    """The packages that a module imports, those for type checks apart."""
    tree = ast.parse(path.read_text())
    nodes = {node for node in tree.body if not isinstance(node, ast.If)}
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def test_the_requirements_are_what_it_imports() -> None:
    """botocore is boto3's other half."""
    required = {re.split(r"\W", each)[0] for each in PROJECT["dependencies"]}
    imported = set().union(*map(_imports, SOURCE.glob("*.py")))
    assert imported - {"botocore"} == required


def test_the_wheel_holds_every_module_and_says_that_it_is_typed(wheel: Path) -> None:
    assert wheel.name == f"pyspark_kinesis_source-{PROJECT['version']}-py3-none-any.whl"
    held = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    files = {f"{SOURCE.name}/{path.name}" for path in SOURCE.iterdir() if path.is_file()}
    assert {name for name in held if ".dist-info/" not in name} == files
    assert f"{SOURCE.name}/py.typed" in files


def test_the_wheel_works_where_nothing_else_of_the_project_is(wheel: Path, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); import pyspark_kinesis_source as package;"
        "print(package.KinesisDataSource.name(), package.__file__);"
        "print({'services', 'spark_jobs', 'structlog'} & {name.split('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == (f"kinesis {wheel}/{SOURCE.name}/__init__.py\nset()\n", "")


def test_readme_names_every_option_and_column() -> None:
    readme = (FOLDER / "README.md").read_text()
    try:
        parse_options({"streamName": "s", "no-such": "x"}, default_position="latest")
    except OptionError as error:
        options = set(re.findall(r"\w+", str(error).partition("there are ")[2]))
    assert {"streamName", "failOnDataLoss", "coalesce"} <= options
    missing = {name for name in {*options, *COLUMNS.names} if f"`{name}`" not in readme}
    assert not missing
    assert ARROW_SCHEMA.names == COLUMNS.names


def test_readme_names_the_version_of_the_wheel() -> None:
    assert f"pyspark_kinesis_source-{PROJECT['version']}-py3" in (FOLDER / "README.md").read_text()
