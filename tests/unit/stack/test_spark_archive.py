"""Test when the archive of Spark's classes is made anew, and that Spark is told of it only where there is one."""

import os
from pathlib import Path

import pytest

from common.settings import Settings
from spark_jobs.session import spark as session
from stack.local import archive
from stack.local.isolated import make_settings


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of the one jar that there is."""
    jar, made = tmp_path / "spark.jar", tmp_path / "classes.jsa"
    jar.write_text("classes")
    monkeypatch.setattr(archive, "command", lambda *_words, **_options: made.with_suffix(".new").touch())
    monkeypatch.setattr(archive, "SPARK_ARCHIVE", made)
    monkeypatch.setattr(session, "SPARK_ARCHIVE", made)
    monkeypatch.setattr(archive, "class_sources", lambda: [jar])
    archive.make()
    return made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def test_an_archive_of_the_jars_that_are_there_is_current(classes: Path) -> None:
    assert classes.exists()
    assert archive.is_current()


def test_another_checkout_that_links_to_the_same_jars_does_not_make_it_old(
    classes: Path, tmp_path: Path
) -> None:
    jar = tmp_path / "spark.jar"
    (tmp_path / "link.jar").hardlink_to(jar)  # which is a change of the jar's own inode
    assert jar.stat().st_ctime >= classes.stat().st_mtime
    assert archive.is_current()


def test_without_an_archive_one_is_to_be_made(classes: Path) -> None:
    classes.unlink()
    assert not archive.is_current()


@pytest.mark.usefixtures("classes")
def test_another_jar_makes_it_old_even_one_of_an_earlier_date(tmp_path: Path) -> None:
    os.utime(tmp_path / "spark.jar", (0, 0))
    assert not archive.is_current()


@pytest.mark.usefixtures("classes")
def test_one_whose_making_was_cut_off_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "command", lambda *_words, **_options: None)
    with pytest.raises(FileNotFoundError):
        archive.make()
    assert not archive.is_current()


def test_what_it_is_made_from_is_the_jars_of_spark_and_the_java_that_runs_them() -> None:
    names = [path.name for path in archive.class_sources()]
    assert any(name.startswith("spark-core_") for name in names)
    assert any(name.startswith("delta-spark_") for name in names)
    assert {"release", "java"} & set(names)


def test_spark_is_told_of_the_archive_only_where_there_is_one(classes: Path, settings: Settings) -> None:
    options = session.submit_options(settings, brief=True)
    assert f'"-XX:SharedArchiveFile={classes}"' in options["spark.driver.extraJavaOptions"]
    classes.unlink()
    options = session.submit_options(settings, brief=True)
    assert "SharedArchiveFile" not in options["spark.driver.extraJavaOptions"]
