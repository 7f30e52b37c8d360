"""The dashboard: `streamlit run dashboard/app.py`, with the project's folder on the path."""

from functools import partial

import streamlit as st

from common.settings import load_settings
from dashboard.pages import answers, live, quality, runs
from dashboard.sources import SharedSources, Sources


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(page_title="Pinterest pipeline", layout="wide")
    sources: Sources = st.cache_resource(_shared_sources)()
    pages = {"Live": live, "Answers": answers, "Quality": quality, "Runs": runs}
    st.navigation(
        [
            st.Page(partial(page.show, sources), title=title, url_path=title.lower(), default=page is live)
            for title, page in pages.items()
        ],
        position="top",  # beside the pages it would take from a narrow window a third, and from the picture its size
    ).run()


def _shared_sources() -> Sources:
    """Return the readings that all viewers share."""
    return SharedSources(load_settings())


main()
