"""Show on a page that something is still being read, or could not be."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from common.visible import visible
from dashboard.reading import Reading

T = TypeVar("T")

LOOK_SECONDS = 1
"""Seconds between two looks of a page at what it waits for."""


def taken(read: Callable[[], Reading[T]], server: str) -> T | None:
    """Return what was read last, with the problem above it where there is one; None where there is nothing yet.

    Then the page is drawn again once there is.
    """
    reading = read()
    show_problem(reading, server)
    if reading.value is None and not reading.problem:
        st.fragment(_wait, run_every=LOOK_SECONDS)(read)
    return reading.value


def show_problem(reading: Reading[object], server: str) -> None:
    """Say that a server does not answer, and what to do. Its words are text, never markdown."""
    if reading.problem:
        st.error(
            f"{server} does not answer. `make status` shows what runs; `make up` starts what has stopped."
        )
        st.text(visible(reading.problem))


def _wait(read: Callable[[], Reading[object]]) -> None:
    reading = read()
    if reading.value is not None or reading.problem:
        st.rerun()
    st.info("Being read ...")
