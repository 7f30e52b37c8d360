"""The page Quality: what was rejected and why, nulls against their thresholds, and whether the hops add up."""

from collections.abc import Sequence

import streamlit as st

from dashboard import hops
from dashboard.pages.table import show_table
from dashboard.pages.waiting import taken
from dashboard.quality import broken, fates, null_chart, rejected_chart, samples, warned
from dashboard.readings.quality import Measured, QualityData
from dashboard.sources import Sources
from dashboard.wording import amount, code


def show(sources: Sources) -> None:
    """Show the page as it is now; it is read anew when it is opened again."""
    st.header("Quality")
    data = taken(sources.quality, "Postgres")
    if data is None:
        return
    _show_quarantine(data)
    _show_nulls(sources, data.measured)
    _show_records(data)
    _show_hops(sources, data)


def _show_quarantine(data: QualityData) -> None:
    st.subheader("Quarantine")
    if not data.in_quarantine:
        st.caption("Empty: no record was rejected. `make emulate`, then `make landed batch`, cleans records.")
        return
    spec, found = rejected_chart(data.rejected)
    st.vega_lite_chart(found, spec, width="stretch")
    st.caption(
        f"The newest of {amount(data.in_quarantine, 'rejected record')}. `make quarantine` prints them; `make replay` "
        "checks those of the batch path again."
    )
    show_table(samples(data.samples))


def _show_nulls(sources: Sources, measured: Sequence[Measured]) -> None:
    st.subheader("Nulls of Airflow's last run")
    if not measured:
        st.caption(
            "No run of Airflow's yet. `make trigger` starts one now; one starts every day at noon UTC."
        )
        return
    warnings, failures = broken(sources.settings, measured)
    spec, found = null_chart(sources.settings, measured)
    st.vega_lite_chart(found, spec, width="stretch")
    st.caption(
        f"Measured at {max(each.checked_at for each in measured):%Y-%m-%d %H:%M:%S} UTC. The dashed lines "
        "are QUALITY_NULL_WARN and QUALITY_NULL_FAIL of `.env`."
    )
    if failures:
        st.error(_listed("Above the threshold at which a run fails:", failures))
    if warnings:
        st.warning(_listed("Above the threshold at which a run warns:", warnings))


def _listed(head: str, lines: Sequence[str]) -> str:
    """Return the lines as a list below its head: text, never markdown, since columns may be named by others."""
    return "\n".join([head, "", *(f"- {code(line)}" for line in lines)])


def _show_records(data: QualityData) -> None:
    st.subheader("What became of the records")
    left, right = st.columns([3, 2])
    with left:
        show_table(fates(data))
    with right:
        if found := warned(data):
            show_table(found)
        else:
            st.caption("No value was unreadable.")


def _show_hops(sources: Sources, data: QualityData) -> None:
    st.subheader("Batch path, hop by hop")
    found = hops.compare(sources.settings, sources.flow(), data)
    show_table(hops.lines(found), height="content")
    for table, each in found.items():
        for problem in each.problems:
            st.warning(f"{table}: {problem}.")
    st.caption(
        "Counts of now, each read at its own moment. `make verify` compares offsets and values at one."
    )
