"""Test what the page Quality makes of its readings."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.quality import broken, fates, null_chart, rejected_chart, samples, warned
from dashboard.readings.quality import Measured, QualityData, Rejected, Warned, step_of
from operations.verify.accounts import Counts
from operations.verify.quality import Quality
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE
from tests.unit.dashboard.vega import validate

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def measured(share: float, rows_before: int | None = None) -> Measured:
    return Measured(Quality("pin", 100, 110, 0, {"title": share, "category": 0.0}), rows_before, WHEN)


def test_rejected_records_are_bars_of_their_span_by_path_and_reason() -> None:
    found = [Rejected(WHEN, WHEN + timedelta(hours=1), "batch", "not_json", 3)]
    spec, data = rejected_chart(found)
    validate(spec, data)
    assert data == [
        {
            "began": "2026-01-02T03:04:05+00:00",
            "ended": "2026-01-02T04:04:05+00:00",
            "reason": "batch: not_json",
            "records": 3,
        }
    ]


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(0), timedelta(minutes=1)),
        (timedelta(seconds=61), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(days=3), timedelta(hours=6)),
        (timedelta(days=100_000), timedelta(days=365)),
    ],
)
def test_a_chart_has_room_for_its_span(span: timedelta, step: timedelta) -> None:
    assert step_of(span) == step


@pytest.mark.parametrize(
    ("step", "form"),
    [
        (timedelta(minutes=1), "%H:%M"),
        (timedelta(minutes=10), "%H:%M"),
        (timedelta(hours=6), "%m-%d %H:%M"),
        (timedelta(days=7), "%Y-%m-%d"),
    ],
)
def test_the_axis_of_time_has_ticks_at_the_ends_of_bars(step: timedelta, form: str) -> None:
    began = [WHEN, WHEN + 2 * step]
    spec, data = rejected_chart([Rejected(each, each + step, "batch", "not_json", 3) for each in began])
    validate(spec, data)
    axis = spec["encoding"]["x"]["axis"]
    assert axis["format"] == form
    # Vega fails on a tick count in minutes, though its schema allows it; Streamlit draws no tick that is a number.
    assert "tickCount" not in axis
    assert axis["values"] == [(WHEN + number * step).isoformat() for number in range(4)]


def test_bars_stand_on_the_axis_and_on_each_other() -> None:
    spec, _ = rejected_chart([Rejected(WHEN, WHEN + timedelta(minutes=1), "batch", "not_json", 3)])
    # A bar with two ends in x is by itself a strip that lies at the height of its records.
    assert (spec["mark"], spec["encoding"]["y"]["stack"]) == ({"type": "bar", "orient": "vertical"}, "zero")


def test_records_without_a_reason_are_an_empty_chart() -> None:
    assert rejected_chart([])[1] == []


def test_nulls_stand_beside_the_thresholds_of_the_settings(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, QUALITY_NULL_WARN=0.3, QUALITY_NULL_FAIL=0.6)
    spec, data = null_chart(settings, [measured(0.25)])
    validate(spec, data)
    assert data == [{"column": "pin.title", "share": 0.25}, {"column": "pin.category", "share": 0.0}]
    assert [layer["encoding"]["x"]["datum"] for layer in spec["layer"][1:]] == [0.3, 0.6]
    labels = [layer["layer"][1]["encoding"]["text"]["value"] for layer in spec["layer"][1:]]
    assert labels == ["warns above 30 %", "fails above 60 %"]


@pytest.mark.parametrize(
    ("share", "rows_before", "warnings", "failures"),
    [(0.1, None, 0, 0), (0.25, None, 1, 0), (0.6, None, 0, 1), (0.6, 1_000, 0, 2)],
)
def test_broken_thresholds_are_those_of_the_scheduled_run(
    tmp_path: Path, share: float, rows_before: int | None, warnings: int, failures: int
) -> None:
    found = broken(make_settings(tmp_path), [measured(share, rows_before)])
    assert [len(texts) for texts in found] == [warnings, failures]


def test_what_became_of_the_records() -> None:
    data = QualityData(batch={"pin": Counts(100, 80, 15, 5)}, speed={"pin": Counts()})
    batch, speed = fates(data)
    assert (batch["path"], batch["duplicate"], batch["quarantined %"]) == ("batch", 15, 5.0)
    assert (speed["read"], speed["quarantined %"]) == (0, None)


def test_values_that_became_null() -> None:
    data = QualityData(warned=(Warned("batch", "pin", "follower_count_unreadable", 7),))
    assert warned(data) == [
        {"path": "batch", "table": "pin", "value": "follower_count_unreadable", "became null": 7}
    ]


def test_samples_are_visible_text() -> None:
    [row] = samples([(WHEN, "id.pin[0] offset 7", ["not_json", "no_ind"], HOSTILE + "x" * 1_000)])
    assert row["reasons"] == "not_json, no_ind"
    assert row["record"].endswith("…")
    assert not {"\x1b", "\u202e"} & set(row["record"])
    assert samples([(WHEN, "a", ["tombstone"], None)])[0]["record"] == ""
