"""The notebooks of the Jobs API's workspace: a folder of the user's, or one that begins with our worked example."""

from pathlib import Path

import pytest

from workspace.jobs.notebooks import NotebookFolder


def make(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# Databricks notebook source\n1\n")


def listed(folder: Path, path: str = "/") -> dict[str, str]:
    return {each["path"]: each["object_type"] for each in NotebookFolder(folder).list(path)}


def test_only_notebooks_and_folders_that_have_some_are_listed(tmp_path: Path) -> None:
    make(tmp_path, "clean.py", "answers.sql", "Users/me/deep/down/look.ipynb", "notes.txt", ".hidden.py")
    make(tmp_path, "__pycache__/clean.cpython-311.pyc", "data/posts.csv", ".git/hook.py")
    make(tmp_path, "reverted/.ipynb_checkpoints/look-checkpoint.ipynb")
    (tmp_path / "empty").mkdir()
    assert listed(tmp_path) == {"/Users": "DIRECTORY", "/answers": "NOTEBOOK", "/clean": "NOTEBOOK"}
    assert listed(tmp_path, "/Users/me") == {"/Users/me/deep": "DIRECTORY"}


def test_a_link_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "clean.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "none.py")
    assert listed(tmp_path) == {"/clean": "NOTEBOOK"}


@pytest.mark.parametrize("path", ["/", "/Users"])
def test_a_folder_without_notebooks_is_there_and_empty(tmp_path: Path, path: str) -> None:
    (tmp_path / "Users").mkdir()
    assert NotebookFolder(tmp_path).status(path)["object_type"] == "DIRECTORY"
    assert listed(tmp_path, path) == {}
