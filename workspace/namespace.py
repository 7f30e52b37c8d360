"""The names that a notebook starts with."""

import builtins
import warnings
from collections.abc import Mapping
from functools import partial

from pyspark.sql import SQLContext
from pyspark.sql.functions import udf

from common.settings import Settings
from workspace.dbutils import DBUtils, RunNotebook
from workspace.dbutils.widgets import ShowWidget
from workspace.run.cells import AFTER_CELL, BEFORE_CELL
from workspace.session import notebook_session
from workspace.warehouse import keep_definitions, show_newer_tables


def notebook_namespace(
    settings: Settings,
    *,
    parameters: Mapping[str, str],
    run_notebook: RunNotebook,
    show_widget: ShowWidget | None = None,
) -> dict[str, object]:
    """Return a notebook's globals, as Databricks has them; they share this process's session.

    Args:
        settings: of this stack.
        parameters: values of widgets, which win over the notebook's defaults.
        run_notebook: runs a path for so many seconds with arguments, and returns its exit value.
        show_widget: shows a widget that is created, where the notebook is in a browser.
    """
    session = notebook_session(settings)
    dbutils = DBUtils(
        session, settings, parameters=parameters, run_notebook=run_notebook, show_widget=show_widget
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that SQLContext is old
        context = SQLContext.getOrCreate(session.sparkContext)
    return {
        "spark": session,
        "sc": session.sparkContext,
        "sqlContext": context,
        "sql": session.sql,
        "table": session.table,
        "udf": udf,
        "dbutils": dbutils,
        "getArgument": dbutils.widgets.getArgument,
        # Jupyter's own names have another one.
        "open": builtins.open,
        BEFORE_CELL: partial(show_newer_tables, session, settings),
        AFTER_CELL: partial(keep_definitions, session, settings),
    }
