"""The page Answers: a question, its answer as a chart, a table and a file, and the SQL that gives it."""

import streamlit as st

from dashboard.charts import SHOWN_BARS, answer_chart, table
from dashboard.csv_file import to_csv
from dashboard.pages.table import show_table
from dashboard.pages.waiting import LOOK_SECONDS, show_problem
from dashboard.readings.answers import Asked, Kept
from dashboard.sources import Sources
from dashboard.wording import age, amount
from operations.query import Answer, Query


def show(sources: Sources) -> None:
    """Show the question that is chosen; where Postgres is still at work, the answer of the last scheduled run."""
    st.header("Answers")
    query = st.selectbox("Question", [*sources.queries.values()], format_func=_label)
    st.write(query.question)
    reading, kept = sources.answer(query.number), sources.kept().value or {}
    if sources.is_asking(query.number):
        st.fragment(_wait, run_every=LOOK_SECONDS)(sources, query)
    show_problem(reading, "Postgres")
    if reading.value:
        _show_asked(query, reading.value)
    elif query.number in kept:
        _show_kept(query, kept[query.number])
    st.subheader("SQL")
    st.code(query.sql, language="sql")


def _label(query: Query) -> str:
    return f"{query.number}. {query.title}"


def _wait(sources: Sources, query: Query) -> None:
    sources.answer(query.number)
    if not sources.is_asking(query.number):
        st.rerun()
    st.info("Postgres is answering. Of a million posts that takes seconds.")


def _show_asked(query: Query, asked: Asked) -> None:
    if not asked.answer.rows:
        st.info("No rows yet. `make emulate` sends posts, `make landed batch` serves all of them.")
    else:
        _show_answer(query, asked.answer)
    rows = amount(len(asked.answer.rows), "row")
    st.caption(f"{rows}, asked at {asked.asked_at:%H:%M:%S} UTC, in {age(asked.seconds)}.")
    st.subheader("Rows behind the answer")
    st.caption("Each post's batch row, else its speed row. Covered: speed rows hidden by a batch row.")
    show_table(table(asked.sides.columns, asked.sides.rows))


def _show_kept(query: Query, kept: Kept) -> None:
    st.caption(f"The answer that Airflow's last run kept at {kept.answered_at:%Y-%m-%d %H:%M:%S} UTC:")
    _show_answer(query, kept.answer)


def _show_answer(query: Query, answer: Answer) -> None:
    spec, data = answer_chart(query.number, answer)
    picture, rows = st.columns([3, 2])
    with picture:
        st.vega_lite_chart(data, spec, width="stretch")
        if len(data) == SHOWN_BARS < len(answer.rows):
            st.caption(f"The {SHOWN_BARS} largest of {amount(len(answer.rows), 'row')}; the table has all.")
    with rows:
        show_table(table(answer.columns, answer.rows))
        name = f"{query.number}_{query.title.replace(' ', '_')}.csv"
        st.download_button("Download as CSV", to_csv(answer), name, "text/csv")
