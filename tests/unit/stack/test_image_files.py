"""Test that the images' stages copy enough of the checkout for what runs there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.settings import ROOT
from stack.local.isolated import make_settings

STAGES = {
    match[1]: match[2]
    for match in re.finditer(
        r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", (ROOT / "Dockerfile").read_text(), re.M | re.S
    )
}


def _copy(stage: str, app: Path) -> None:
    """Do a stage's COPYs from the checkout, into a folder in the place of /app."""
    for line in re.findall(r"^COPY (?!--from)(.*)$", STAGES[stage], re.M):
        *sources, target = line.split()
        into = app / Path(target).relative_to("/app")
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place = into / Path(source).name if target.endswith("/") else into
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)


@pytest.mark.parametrize(
    ("stage", "program"),
    [
        ("code", "from common.settings import load_settings; load_settings()"),
        ("servers", "from stack.local import install; [step.digest() for step in install.STEPS]"),
    ],
)
def test_a_stage_has_all_that_its_programs_read(tmp_path: Path, stage: str, program: str) -> None:
    app = tmp_path / "app"
    _copy(stage, app)
    environment = {**os.environ, **make_settings(tmp_path / "state").environment(), "PYTHONPATH": str(app)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=app, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
