"""The page Runs: the runs of the batch job and of Airflow, how long their steps took, and where to look further."""

from collections.abc import Sequence

import streamlit as st

from common.profiles import is_enabled
from common.settings import Settings
from dashboard.dag_runs import LINK, Failure, dag_run_rows, failures, task_chart
from dashboard.pages.table import show_table
from dashboard.pages.waiting import taken
from dashboard.readings.dag_runs import DagRun
from dashboard.readings.scheduled import ScheduledRun
from dashboard.runs import COSTED_RECORDS, cost_chart, links, mode_of, run_rows, scheduled_rows, step_chart
from dashboard.sources import Sources
from dashboard.wording import code

# Bars of one chart: a screen's height.
_CHARTED = 15
_NO_SPARK_UI = "There is no link to Spark's UI: it is off in all jobs. The seconds of their steps are below."
# Runs that failed one after the other have mostly one cause.
_FAILURES = 3


def show(sources: Sources) -> None:
    """Show the page as it is now; it is read anew when it is opened again."""
    st.header("Runs")
    _show_links(sources)
    _show_runs(sources)
    _show_airflow(sources)


def _show_links(sources: Sources) -> None:
    found = links(sources.settings)
    for column, (name, link) in zip(st.columns(len(found)), found.items(), strict=True):
        column.link_button(name, link.address, help="`make up` starts it.", width="stretch")
        if link.note:
            column.caption(link.note)
    st.caption(_NO_SPARK_UI)


def _show_runs(sources: Sources) -> None:
    st.subheader("Batch runs and replays")
    runs = taken(sources.runs, "Postgres")
    if runs is None:
        return
    if not runs:
        st.info("No run yet. `make emulate` sends posts, `make landed batch` cleans them.")
        return
    show_table(run_rows(runs))
    st.subheader("Throughput")
    left, right = st.columns(2)
    with left:
        st.caption("Seconds by step")
        spec, data = step_chart({f"{run.run_id} {mode_of(run)}": run.steps for run in runs[:_CHARTED]})
        st.vega_lite_chart(data, spec, width="stretch")
    with right:
        st.caption("Cost of new records, against what was there; a larger dot is more records")
        spec, data = cost_chart(runs)
        if data:
            st.vega_lite_chart(data, spec, width="stretch")
        else:
            st.caption(f"No run of {COSTED_RECORDS} records or more yet.")


def _show_airflow(sources: Sources) -> None:
    """Show Airflow's runs; while it is down, those that it had at the last look, else what passed by Postgres."""
    st.subheader("Airflow's runs")
    kept = taken(sources.scheduled, "Postgres") or ()
    if not is_enabled(["airflow"], sources.settings.compose_profiles):
        st.info("Airflow is not among COMPOSE_PROFILES in .env; `make batch` runs the batch job without it.")
        _show_kept(kept)
        return
    runs = taken(sources.dag_runs, "Airflow")
    if runs is None:
        _show_kept(kept)
    elif runs:
        _show_dag_runs(sources.settings, runs, kept)
    else:
        st.info("None yet. `make trigger` starts one; Airflow starts one every day at noon UTC.")


def _show_kept(kept: Sequence[ScheduledRun]) -> None:
    if kept:
        st.caption("Those that passed, as Postgres has them:")
        show_table(scheduled_rows(kept))


def _show_dag_runs(settings: Settings, runs: Sequence[DagRun], kept: Sequence[ScheduledRun]) -> None:
    for failure in failures(settings, runs)[:_FAILURES]:
        _show_failure(failure)
    show_table(dag_run_rows(settings, runs, kept), link=LINK)
    spec, data = task_chart(runs[:_CHARTED])
    if data:
        st.caption("Seconds by task; a task that failed is red")
        st.vega_lite_chart(data, spec, width="stretch")


def _show_failure(failure: Failure) -> None:
    tasks = f": {', '.join(map(code, failure.tasks))}" if failure.tasks else ""
    steps = " ".join((*failure.remedies, "Then `make trigger` starts another run."))
    st.error(
        f"**Run {code(failure.run_id)} failed**{tasks}. {steps} [Its page in Airflow]({failure.address})"
    )
