"""`make clean` removes all that local mode keeps in STATE_DIR."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common import airflow
from common.settings import Settings
from stack.jupyter import folders as jupyter
from stack.local.isolated import make_settings
from stack.local.supervision import STATE_FOLDERS
from workspace import folders as workspace


@pytest.mark.parametrize(
    "path",
    [
        airflow.home,
        jupyter.home,
        workspace.dbfs_root,
        workspace.jobs_folder,
        workspace.mounts_file,
        workspace.notebooks_folder,
        workspace.secrets_folder,
    ],
)
def test_what_is_kept_is_in_a_folder_that_is_removed(
    path: Callable[[Settings], Path], tmp_path: Path
) -> None:
    settings = make_settings(tmp_path)
    assert path(settings).relative_to(settings.state_dir).parts[0] in STATE_FOLDERS
