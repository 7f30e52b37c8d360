"""Run notebooks, each in a namespace of its own: those of the command line, and those that notebooks run."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pyspark.errors import StreamingQueryException

from workspace.dbutils import NotebookExit, RunNotebook
from workspace.formats import NotebookFormatError, read_notebook
from workspace.run import streams
from workspace.run.cells import CellRunner, OpenNotebook
from workspace.run.failure import CellError
from workspace.run.limit import TimeLimitReached, time_limit, waits_for_a_stream
from workspace.run.paths import Workspace

NOTEBOOK_ERRORS = (CellError, NotebookFormatError, StreamingQueryException, TimeoutError)
"""The errors that may come of running a notebook."""


class MakeNamespace(Protocol):
    """Makes the names that a notebook begins with."""

    def __call__(self, *, parameters: Mapping[str, str], run_notebook: RunNotebook) -> dict[str, Any]:
        """Return the namespace."""


class Notebooks:
    """Runs notebooks of one workspace on one Spark."""

    def __init__(self, make_namespace: MakeNamespace, workspace: Workspace) -> None:
        self._make_namespace = make_namespace
        self._workspace = workspace

    def run(self, path: Path, parameters: Mapping[str, str], seconds: float | None = None) -> str:
        """Run a notebook to its end, or for so many seconds, and return the value of dbutils.notebook.exit.

        Its streaming queries process what has arrived, and are stopped. A notebook that waits for its streaming
        queries when the time is over has ended well.

        Raises:
            CellError: a cell raised an error.
            NotebookFormatError: the file is no notebook.
            StreamingQueryException: a streaming query failed.
            TimeoutError: the time was over before the notebook's end.
        """
        notebook = read_notebook(path)
        namespace = self._make_namespace(
            parameters=parameters, run_notebook=self.run_from(path.resolve().parent)
        )
        runner = CellRunner(namespace, self._workspace)
        spark = namespace["spark"]
        before = streams.running(spark)
        value = ""
        deadline = time.monotonic() + seconds if seconds else None
        try:
            with time_limit(spark, seconds):
                try:
                    runner.run(OpenNotebook(notebook))
                except NotebookExit as ended:
                    value = str(ended.value)
                streams.finish(spark, before, bounded=bool(seconds))
        except TimeLimitReached as over:
            if deadline is None or time.monotonic() < deadline:
                raise  # another notebook's limit, which runs this one
            if not waits_for_a_stream(over.__traceback__):
                raise TimeoutError(f"{runner.current} was ended: {seconds:g} seconds are over") from None
            print(f"{runner.current} waited for a stream until {seconds:g} seconds were over.")
        finally:
            streams.stop(query for query in spark.streams.active if query.runId not in before)
            failure = streams.take_failure(spark, before)
        if failure:
            raise failure
        return value

    def run_from(self, folder: Path) -> RunNotebook:
        """Return what dbutils.notebook.run does in the notebooks of a folder."""

        def run_notebook(path: str, timeout_seconds: int, arguments: Mapping[str, str]) -> str:
            try:
                return self.run(self._workspace.find(path, folder), arguments, timeout_seconds or None)
            except (*NOTEBOOK_ERRORS, FileNotFoundError) as error:
                raise RuntimeError(f"the notebook {path} failed: {error}") from error

        return run_notebook
