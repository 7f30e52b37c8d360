"""`dbutils.widgets`: parameters win over defaults, and a wrong name is an error that says what to do."""

import pytest

from workspace.dbutils import ExecutionError
from workspace.dbutils.widgets import Widgets


def test_defaults() -> None:
    widgets = Widgets({})
    widgets.text("topic", "pin", "Topic")
    widgets.dropdown("day", "monday", ["monday", "tuesday"])
    widgets.combobox("country", "Peru", ["Chad", "Fiji"])
    widgets.multiselect("years", "2019", ["2018", "2019"], label="Years")
    expected = {"topic": "pin", "day": "monday", "country": "Peru", "years": "2019"}
    assert widgets.getAll() == expected
    assert {name: widgets.get(name) for name in expected} == expected


def test_parameters_win_over_defaults() -> None:
    widgets = Widgets({"topic": "geo", "years": "2018,2019", "other": "x"})
    widgets.text("topic", "pin")
    widgets.multiselect("years", "2019", ["2018", "2019"])
    assert widgets.get("topic") == "geo"
    assert widgets.get("years") == "2018,2019"
    assert widgets.get("other") == "x"
    assert widgets.getAll() == {"topic": "geo", "years": "2018,2019", "other": "x"}


def test_a_widget_that_is_made_again_keeps_its_value() -> None:
    widgets = Widgets({"topic": "geo"})
    widgets.text("topic", "pin")
    widgets.text("topic", "user")
    assert widgets.get("topic") == "geo"


def test_parameters_that_come_later() -> None:
    widgets = Widgets({"topic": "geo"})
    widgets.text("topic", "pin")
    widgets.text("limit", "1")
    widgets.set_parameters({"topic": "user", "day": "monday"})
    widgets.text("day", "sunday")
    assert widgets.getAll() == {"topic": "user", "limit": "1", "day": "monday"}


def test_numbers_become_text() -> None:
    widgets = Widgets({})
    widgets.text("limit", 10)  # type: ignore[arg-type]
    assert widgets.get("limit") == "10"


def test_missing_widget() -> None:
    widgets = Widgets({})
    with pytest.raises(
        ExecutionError, match=r"InputWidgetNotDefined: No input widget named topic is defined"
    ):
        widgets.get("topic")
    assert widgets.getArgument("topic", "pin") == "pin"
    with pytest.raises(ExecutionError, match="InputWidgetNotDefined"):
        widgets.getArgument("topic")


def test_remove() -> None:
    widgets = Widgets({})
    widgets.text("topic", "pin")
    widgets.text("limit", "1")
    widgets.remove("topic")
    widgets.remove("topic")
    assert widgets.getAll() == {"limit": "1"}
    widgets.removeAll()
    assert widgets.getAll() == {}


def test_default_is_one_of_the_choices() -> None:
    with pytest.raises(ValueError, match="'sunday'"):
        Widgets({}).dropdown("day", "sunday", ["monday"])
