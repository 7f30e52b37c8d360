"""A folder that a setting names is checked before it is served."""

import re
from pathlib import Path

import pytest

from common.user_folder import UserFolderError, check_folder
from tests.closed_files import closed, open_folder


def complaint(folder: Path) -> str:
    with pytest.raises(UserFolderError) as failure:
        check_folder("SOME_DIR", folder)
    return str(failure.value)


def test_a_folder_that_can_be_read_and_none_will_do(tmp_path: Path) -> None:
    check_folder("SOME_DIR", tmp_path)
    check_folder("SOME_DIR", None)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "at all"
    assert complaint(missing) == f"SOME_DIR: there is no folder {missing}. Correct it in .env."


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert f"there is no folder {file}" in complaint(file)


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o711])
def test_a_folder_that_is_closed_to_this_account_is_named_with_the_way_out(mode: int) -> None:
    """Also one whose names alone it may read, or whose files alone."""
    with open_folder() as folder, closed(folder, mode):
        message = complaint(folder)
    assert re.match(rf"SOME_DIR: account \d+ cannot read {folder}: Permission denied\.", message)
    assert "chmod -R a+rX" in message


def test_a_folder_in_a_closed_one_is_named() -> None:
    with open_folder() as above:
        folder = above / "mine"
        folder.mkdir()
        with closed(above):
            assert f"cannot read {folder}" in complaint(folder)
