"""On a machine with an engine, make and bash, and no Python or Java, `make test` runs in a container."""

import os
import re
from pathlib import Path

import pytest

from tests.compose.conftest import MAKE_SECONDS, TEST_SECONDS
from tests.make import Make

pytestmark = pytest.mark.timeout(TEST_SECONDS)

# Ours and what would lead to one: set-up looks for pyenv's and uv's in the home.
HIDDEN = ("python", "java", "pyenv", "uv")


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder of links to this machine's programs, without any Python or Java."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        # Shims of pyenv are Pythons of all names.
        if not place.is_dir() or "pyenv" in place.parts or ".pyenv" in place.parts or ".venv" in place.parts:
            continue
        for program in place.iterdir():
            link = folder / program.name
            if not program.name.startswith(HIDDEN) and not link.is_symlink():
                link.symlink_to(program)
    return folder


def test_tests_run_without_python_and_java(
    checkout: Path, environment: dict[str, str], bare_path: Path, tmp_path: Path
) -> None:
    """Unit tests, and tests with a server."""
    bare = {**environment, "PATH": str(bare_path), "HOME": str(tmp_path)}
    make = Make(bare, tmp_path / "output", MAKE_SECONDS, checkout)
    some = "tests/unit/common/test_settings.py tests/integration/test_schema.py"
    printed = make("test", f"TESTS={some}")
    assert "in a container of pinterest-pipeline/dev" in printed
    # What is skipped or fails is listed by name.
    assert re.search(r"^=+ \d+ passed in ", printed, re.M), printed
