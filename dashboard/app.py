"""The dashboard: `streamlit run dashboard/app.py`, with the project's folder on the path."""

from functools import partial

import streamlit as st

from common.settings import load_settings
from dashboard.pages import live
from dashboard.sources import SharedSources, Sources


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(page_title="Pinterest pipeline", layout="wide")
    sources: Sources = st.cache_resource(_shared_sources)()
    pages = [st.Page(partial(live.show, sources), title="Live", url_path="live", default=True)]
    st.navigation(pages).run()


def _shared_sources() -> Sources:
    """Return the readings that all viewers share."""
    return SharedSources(load_settings())


main()
