"""Test the page Quality on known readings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.pages import quality
from dashboard.reading import Reading
from dashboard.readings.quality import Measured, QualityData, Rejected, Warned
from operations.verify.accounts import Counts
from operations.verify.quality import Quality
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE, KnownSources
from tests.unit.dashboard.pages.page import marked_up, run, specs, texts

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DATA = QualityData(
    rejected=(Rejected(WHEN, WHEN + timedelta(hours=1), "batch", "not_json", 3),),
    in_quarantine=1_234,
    samples=((WHEN, "id.pin[0] offset 7", ["not_json"], HOSTILE),),
    measured=(Measured(Quality("pin", 100, 110, 2, {"title": 0.25, "category": 0.6}), 100, WHEN),),
    warned=(Warned("batch", "pin", "follower_count_unreadable", 7),),
    batch={"pin": Counts(100, 80, 15, 5)},
)


def shown(tmp_path: Path, data: Reading[QualityData]) -> AppTest:
    return run(quality, KnownSources(make_settings(tmp_path), data=data))


def test_all_of_it_is_there(tmp_path: Path) -> None:
    app = shown(tmp_path, Reading(DATA))
    assert len(specs(app, "vega_lite_chart")) == 2
    samples, fates, warned, hops = (frame.value.to_dict("records") for frame in app.dataframe)
    assert samples[0]["reasons"] == "not_json"
    assert fates[0]["duplicate"] == 15
    assert warned[0]["became null"] == 7
    assert [line["hop"] for line in hops][-1] == "adds up"
    assert any("The newest of 1,234 rejected records." in text for text in texts(app, "caption"))


def test_all_hops_are_seen_and_what_is_unknown_is_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heights: list[object] = []
    original = st.dataframe

    def dataframe(data: object, **options: object) -> object:
        heights.append(options.get("height"))
        return original(data, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(st, "dataframe", dataframe)
    app = shown(tmp_path, Reading(DATA))
    assert heights[-1] == "content"
    assert {frame.proto.placeholder for frame in app.dataframe} == {"\u2013"}


def test_the_last_run_is_called_airflows(tmp_path: Path) -> None:
    assert "Nulls of Airflow's last run" in texts(shown(tmp_path, Reading(DATA)), "subheader")
    assert any(
        text.startswith("No run of Airflow's yet.")
        for text in texts(shown(tmp_path, Reading(QualityData())), "caption")
    )


def test_broken_thresholds_are_said_with_their_numbers(tmp_path: Path) -> None:
    """Both in one box: the numbers are what the box is about."""
    app = shown(tmp_path, Reading(DATA))
    [failures] = texts(app, "error")
    assert failures == (
        "Above the threshold at which a run fails:\n\n"
        "- `pin.category: nulls: 60.00% is above QUALITY_NULL_FAIL=0.5`"
    )
    warnings = texts(app, "warning")[0]
    assert warnings.startswith("Above the threshold at which a run warns:")
    assert "- `pin.title: nulls: 25.00% is above QUALITY_NULL_WARN=0.2`" in warnings
    assert texts(app, "text") == []


def test_what_does_not_add_up_is_said(tmp_path: Path) -> None:
    app = shown(tmp_path, Reading(DATA))
    assert "pin: quarantined is not what quarantine.batch holds." in texts(app, "warning")


def test_an_empty_stack_says_how_to_go_on(tmp_path: Path) -> None:
    app = shown(tmp_path, Reading(QualityData()))
    captions = " ".join(texts(app, "caption"))
    assert "`make emulate`" in captions
    assert "`make trigger`" in captions
    assert texts(app, "error") == []


def test_before_the_first_reading_the_page_waits(tmp_path: Path) -> None:
    assert texts(shown(tmp_path, Reading()), "info") == ["Being read ..."]


def test_a_dead_postgres_is_red_and_what_was_read_stays(tmp_path: Path) -> None:
    app = shown(tmp_path, Reading(DATA, "connection refused"))
    assert "`make up`" in texts(app, "error")[0]
    assert texts(app, "text")[0] == "connection refused"
    assert len(app.dataframe) == 4


def test_text_of_records_is_shown_as_text(tmp_path: Path) -> None:
    app = shown(tmp_path, Reading(DATA))
    assert not any("onerror" in text for text in marked_up(app))
    assert "onerror" in str(app.dataframe[0].value.to_dict())
