"""The page Runs: the runs of the batch job and of Airflow, how long their steps took, and where to look further."""

import streamlit as st

from common.profiles import is_enabled
from common.settings import Settings
from dashboard.pages.table import show_table
from dashboard.pages.waiting import taken
from dashboard.runs import COSTED_RECORDS, cost_chart, links, mode_of, run_rows, scheduled_rows, step_chart
from dashboard.sources import Sources

# Bars of one chart: a screen's height.
_CHARTED = 15


def show(sources: Sources) -> None:
    """Show the page as it is now; it is read anew when it is opened again."""
    st.header("Runs")
    _show_links(sources)
    _show_runs(sources)
    _show_scheduled(sources)


def _show_links(sources: Sources) -> None:
    found = links(sources.settings)
    for column, (name, link) in zip(st.columns(len(found)), found.items(), strict=True):
        column.link_button(name, link.address, help="`make up` starts it.", width="stretch")
        if link.note:
            column.caption(link.note)


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
        st.caption("Cost of new records, against what was there")
        spec, data = cost_chart(runs)
        if data:
            st.vega_lite_chart(data, spec, width="stretch")
        else:
            st.caption(f"No run of {COSTED_RECORDS} records or more yet.")


def _show_scheduled(sources: Sources) -> None:
    st.subheader("Airflow's runs that passed")
    st.caption("Those that failed or are at work, and the times of tasks, are on Airflow's page.")
    runs = taken(sources.scheduled, "Postgres")
    if runs:
        show_table(scheduled_rows(runs))
    elif runs is not None:
        st.info(_how_to_start(sources.settings))


def _how_to_start(settings: Settings) -> str:
    if is_enabled(["airflow"], settings.compose_profiles):
        return "None yet. `make trigger` starts one; Airflow starts one every day at noon UTC."
    return "Airflow is not among COMPOSE_PROFILES in .env; `make batch` runs the batch job without it."
