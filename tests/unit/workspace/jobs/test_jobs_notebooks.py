"""The notebooks of the Jobs API's workspace: a folder of the user's, or one that begins with our worked example."""

import base64
from pathlib import Path

import pytest

from common.settings import ROOT
from stack.local.isolated import make_settings
from tests.closed_files import closed, open_folder
from workspace.jobs.errors import ApiError
from workspace.jobs.notebooks import NotebookFolder, arrange_folder

TEXT = "# Databricks notebook source\n2\n"


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


def given(path: str, language: str = "PYTHON", **more: object) -> dict[str, object]:
    content = base64.b64encode(TEXT.encode()).decode()
    return {"path": path, "format": "SOURCE", "language": language, "content": content, **more}


def refusal(folder: Path, body: dict[str, object]) -> ApiError:
    with pytest.raises(ApiError) as refused:
        NotebookFolder(folder).put(body)
    return refused.value


def test_without_a_folder_of_the_users_the_worked_example_is_there_and_takes_imports(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "state")
    folder = arrange_folder(settings)
    ours = {f"/{file.stem}" for file in (ROOT / "notebooks").glob("*.py")}
    assert listed(folder).keys() == ours
    NotebookFolder(folder).put(given("/Users/me@example.org/mine"))
    assert arrange_folder(settings) == folder
    assert listed(folder).keys() == {*ours, "/Users"}
    assert not (ROOT / "notebooks" / "Users").exists()


def test_an_import_over_the_worked_example_leaves_the_checkout_as_it_is(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "state")
    folder, ours = arrange_folder(settings), (ROOT / "notebooks" / "batch.py").read_text()
    assert refusal(folder, given("/batch")).code == "RESOURCE_ALREADY_EXISTS"
    NotebookFolder(folder).put(given("/batch", overwrite=True))
    assert (ROOT / "notebooks" / "batch.py").read_text() == ours
    assert NotebookFolder(arrange_folder(settings)).find("/batch").read_text() == TEXT


def test_a_users_own_folder_has_nothing_of_ours(tmp_path: Path) -> None:
    make(tmp_path, "mine/clean.py")
    folder = arrange_folder(make_settings(tmp_path / "state", NOTEBOOK_DIR=tmp_path / "mine"))
    assert listed(folder) == {"/clean": "NOTEBOOK"}


def test_a_path_is_one_notebook_whatever_its_format(tmp_path: Path) -> None:
    """That of another format would hide the imported one."""
    make(tmp_path, "clean.py")
    assert refusal(tmp_path, given("/clean", "SQL")).code == "RESOURCE_ALREADY_EXISTS"
    NotebookFolder(tmp_path).put(given("/clean", "SQL", overwrite=True))
    assert [file.name for file in tmp_path.iterdir()] == ["clean.sql"]


@pytest.mark.parametrize("path", ["/", "/Users", "/Users/"])
def test_a_folder_is_no_notebook(tmp_path: Path, path: str) -> None:
    (tmp_path / "Users").mkdir()
    assert refusal(tmp_path, given(path, overwrite=True)).code == "INVALID_PARAMETER_VALUE"
    assert [file.name for file in tmp_path.rglob("*")] == ["Users"]


def test_a_folder_that_this_account_may_not_write_to_is_named() -> None:
    with open_folder() as folder, closed(folder, 0o555):
        refused = refusal(folder, given("/clean"))
    assert (refused.status, refused.code) == (403, "PERMISSION_DENIED")
    assert f"cannot write to {folder}: Permission denied" in refused.message


def test_folders_that_are_linked_are_part_of_the_workspace(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/clean.py")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "repository").symlink_to(tmp_path / "elsewhere")
    assert listed(folder) == {"/repository": "DIRECTORY"}
    assert listed(folder, "/repository") == {"/repository/clean": "NOTEBOOK"}
    assert NotebookFolder(folder).find("/repository/clean").read_text()
