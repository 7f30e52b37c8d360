"""Show rows as a table."""

from typing import Any, Literal

import streamlit as st


def show_table(rows: list[dict[str, Any]], height: Literal["auto", "content"] = "auto") -> None:
    """Show the rows; a value that is null or not known is a dash. `content`: all rows at once, without scrolling."""
    st.dataframe(rows, hide_index=True, height=height, placeholder="\u2013")
