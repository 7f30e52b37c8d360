"""The page Live: the flow as a picture, what is down, and the newest posts."""

import streamlit as st

from common.visible import visible
from dashboard.flow import Flow, draw
from dashboard.pages.table import show_table
from dashboard.picture import describe, to_dot
from dashboard.posts import Row, batch_rows, speed_rows
from dashboard.sources import Sources
from dashboard.stages import Readings
from dashboard.status import State
from dashboard.wording import code

REFRESH_SECONDS = 2
_COUNTED = (
    "Boxes count records: a post is three of them, one for each table. A record sent again to a stream replaces its "
    "row, and the count stays."
)


def show(sources: Sources) -> None:
    """Show the page, which is drawn anew while it is looked at."""
    st.header("Live")
    st.fragment(_refreshed, run_every=REFRESH_SECONDS)(sources)


def _refreshed(sources: Sources) -> None:
    readings = sources.flow()
    flow = draw(readings, sources.history, sources.settings.compose_profiles)
    st.graphviz_chart(to_dot(flow), width="stretch", alt=describe(flow))
    st.caption(_COUNTED)
    _show_troubles(flow, readings)
    batch, speed = st.columns(2)
    with batch:
        rows = batch_rows(readings)
        _show_rows("Newest posts, batch path", rows, "`make emulate` sends posts to the topics.")
    with speed:
        rows = speed_rows(sources.newest().value or ())
        _show_rows("Newest posts, speed path", rows, "`make emulate` sends posts to the streams.")


def _show_troubles(flow: Flow, readings: Readings) -> None:
    """Say what is down and what to do. Reasons are servers' words: text, never markdown."""
    for status, names in flow.troubles(State.DOWN).items():
        st.error(f"**{', '.join(names)}** {_are(names)} down. {status.remedy}")
        st.text(visible(status.reason))
    for status, names in flow.troubles(State.OFF).items():
        st.info(f"**{', '.join(names)}** {_are(names)} off. {status.remedy}")
    for status, names in flow.troubles(State.UNASKED).items():
        st.info(f"**{', '.join(names)}** {_are(names)} not asked. {status.remedy}")
    if readings.bucket.value and readings.bucket.value.rebuild:
        _show_rebuild(readings.bucket.value.rebuild)
    if flow.is_empty:
        st.info("Nothing has been sent yet. `make emulate` sends the posts.")


def _show_rebuild(step: str) -> None:
    show = st.success if step.startswith("done") else st.warning
    show(
        "The bucket was lost, since LocalStack keeps S3 in memory. "
        f"Rebuild of the batch path's Delta tables: {code(step)}."
    )


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _show_rows(title: str, rows: list[Row], how: str) -> None:
    st.subheader(title)
    if rows:
        show_table(rows)
    else:
        st.caption(f"None yet. {how}")
