"""Show rows as a table."""

from typing import Any, Literal

import streamlit as st


def show_table(
    rows: list[dict[str, Any]], height: Literal["auto", "content"] = "auto", *, link: str | None = None
) -> None:
    """Show the rows; a value that is null or not known is a dash.

    Args:
        rows: each by the names of its columns.
        height: `content` shows all rows at once, without scrolling.
        link: the column that holds addresses, if one does: a cell of it opens its page.
    """
    columns = {link: st.column_config.LinkColumn(display_text="open")} if link else None
    st.dataframe(rows, hide_index=True, height=height, placeholder="\u2013", column_config=columns)
