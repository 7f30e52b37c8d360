"""`dbutils`, as notebooks know it: `fs`, `secrets`, `widgets`, `notebook`.

Contract: https://docs.databricks.com/en/dev-tools/databricks-utils.html
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from common.settings import Settings
from workspace.dbutils.errors import ExecutionError
from workspace.dbutils.fs import FileInfo, FileSystem, MountInfo
from workspace.dbutils.help import WithHelp
from workspace.dbutils.notebook import Notebook, NotebookExit, RunNotebook
from workspace.dbutils.redaction import redacted
from workspace.dbutils.secrets import Secrets
from workspace.dbutils.widgets import ShowWidget, Widgets
from workspace.folders import mounts_file, secrets_folder
from workspace.mounts import MountTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["DBUtils", "ExecutionError", "FileInfo", "MountInfo", "NotebookExit", "RunNotebook", "redacted"]


class DBUtils(WithHelp):
    """Utilities of a notebook."""

    def __init__(
        self,
        session: "SparkSession",
        settings: Settings,
        *,
        parameters: Mapping[str, str],
        run_notebook: RunNotebook,
        show_widget: ShowWidget | None = None,
    ) -> None:
        """Make the utilities of one notebook.

        Args:
            session: the notebook's.
            settings: of this stack.
            parameters: values of widgets, which win over the notebook's defaults.
            run_notebook: runs a path for so many seconds with arguments, and returns its exit value.
            show_widget: shows a widget that is created, where the notebook is in a browser.
        """
        self.fs = FileSystem(session, MountTable(mounts_file(settings)))
        self.secrets = Secrets({"aws": _aws(settings)}, secrets_folder(settings))
        self.widgets = Widgets(parameters, show_widget)
        self.notebook = Notebook(run_notebook)


def _aws(settings: Settings) -> dict[str, str]:
    """Return the scope that needs no file: what a notebook asks of AWS."""
    return {
        "access_key_id": settings.aws.access_key_id,
        "secret_access_key": settings.aws.secret_access_key.get_secret_value(),
        "region": settings.aws.region,
        "s3_mount_bucket_name": settings.bucket,
    }
