"""The Kinesis source as a folder that can be copied elsewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import spark_jobs.sources.kinesis
from spark_jobs.sources.kinesis.errors import OptionError
from spark_jobs.sources.kinesis.options import parse_options
from spark_jobs.sources.kinesis.records import ARROW_SCHEMA, COLUMNS

FOLDER = Path(spark_jobs.sources.kinesis.__file__).parent


def test_works_where_nothing_else_of_the_project_is(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "copied")
    program = (
        "import sys, copied; print(copied.KinesisDataSource.name());"
        "print([name for name in sys.modules if name.split('.')[0] in ('services', 'spark_jobs', 'structlog')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("kinesis\n[]\n", "")


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
