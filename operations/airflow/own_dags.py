"""The user's own DAGs, which may be written for Airflow 2: the folder AIRFLOW_DAGS_DIR as a DAG bundle.

Airflow makes a bundle ready before it reads a file of it, in the DAG processor and for each task. That is when `DAG`
learns its former argument, in that process alone; without a folder of the user's nothing is changed.
"""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path

from airflow.dag_processing.bundles.local import LocalDagBundle
from airflow.sdk import DAG

from common.airflow import DAGS

_Construct = Callable[..., None]


class OwnDagBundle(LocalDagBundle):
    """A folder of DAGs that may give `schedule_interval`, as Airflow 2 had it, for `schedule`."""

    def initialize(self) -> None:
        """Make the folder ready to be read."""
        super().initialize()
        if not hasattr(DAG.__init__, "takes_schedule_interval"):
            DAG.__init__ = _adapted(DAG.__init__)  # type: ignore[method-assign]


def _adapted(construct: _Construct) -> _Construct:
    """Return the constructor of DAG, for DAGs of any folder."""

    @functools.wraps(construct)
    def init(self: DAG, *arguments: object, **options: object) -> None:
        construct(self, *arguments, **with_schedule(options))
        # The constructor has taken this frame for the DAG file's.
        frame = inspect.currentframe()
        self.fileloc = frame.f_back.f_code.co_filename if frame and frame.f_back else self.fileloc
        refuse_our_id(self.dag_id, Path(self.fileloc))

    init.takes_schedule_interval = True  # type: ignore[attr-defined]
    return init


def with_schedule(options: dict[str, object]) -> dict[str, object]:
    """Return the arguments of a DAG with `schedule` in the place of `schedule_interval`.

    Raises:
        TypeError: both are given.
    """
    if "schedule_interval" not in options:
        return options
    others = {name: value for name, value in options.items() if name != "schedule_interval"}
    if "schedule" in others:
        raise TypeError("a DAG has schedule or schedule_interval, which is the former's name in Airflow 2")
    return {**others, "schedule": options["schedule_interval"]}


def refuse_our_id(dag_id: str, file: Path) -> None:
    """Refuse a DAG of the user's that has the id of one of ours, which it would take the place of.

    Raises:
        ValueError: it has.
    """
    if (DAGS / f"{dag_id}.py").exists() and not file.is_relative_to(DAGS):
        raise ValueError(f"{dag_id} is the pipeline's own DAG: give yours another dag_id")
