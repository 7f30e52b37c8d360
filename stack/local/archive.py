"""Make the archive of Spark's classes, where there is none: `python -m stack.local.archive`.

The archive only makes Spark start faster and smaller (docs/adr/0005-class-data-archive.md).
A JVM maps it at its start instead of reading and checking 20,000 classes one by one; each process holds 140 MB less.

It is made by a training run of the batch job, at whose end the JVM writes down what it has loaded: as long as a small
run, and some 230 MB. Source: JEP 350, "Dynamic CDS Archives".
"""

import os
import shutil
import sys
from pathlib import Path

from common.environment import composed
from common.settings import SPARK_ARCHIVE, SPARK_JARS
from stack.local.install import command, package_folder


def is_current() -> bool:
    """Return whether there is an archive, made from what is installed now.

    A JVM compares the jars with those of the archive; where they differ it warns, and does without.
    """
    noted = _note()
    return SPARK_ARCHIVE.exists() and noted.exists() and noted.read_text() == _description()


def main() -> None:
    """Make the archive where there is none of what is installed now."""
    if not is_current():
        make()


def make() -> None:
    """Make it anew.

    Raises:
        InstallError: the training run failed, so Spark does not work here.
    """
    # A JVM that starts from an archive cannot write one.
    SPARK_ARCHIVE.unlink(missing_ok=True)
    unfinished = SPARK_ARCHIVE.with_suffix(".new")
    # Spark's launcher gives it to the JVM of the session.
    written = {"SPARK_SUBMIT_OPTS": f'"-XX:ArchiveClassesAtExit={unfinished}"'}
    command(sys.executable, "-m", "stack.cds_training", env=composed(os.environ) | written)
    unfinished.rename(SPARK_ARCHIVE)
    _note().write_text(_description())


def _note() -> Path:
    """Return what the archive was made from, beside it."""
    return SPARK_ARCHIVE.with_suffix(".txt")


def _description() -> str:
    """Each file by what a JVM knows it by: where it is, its size, and when it was last changed."""
    return "".join(
        f"{path} {path.stat().st_size} {path.stat().st_mtime}\n" for path in sorted(class_sources())
    )


def class_sources() -> list[Path]:
    """The jars, and the file in which Java says its version, where it has one."""
    java = Path(shutil.which("java") or "").resolve()
    release = java.parents[1] / "release"
    jars = [*package_folder("pyspark").glob("jars/*.jar"), *SPARK_JARS.glob("*.jar")]
    return [*jars, release if release.exists() else java]


if __name__ == "__main__":
    main()
