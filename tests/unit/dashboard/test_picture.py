"""Test the picture's text: its parts, its colours, and that no text becomes Graphviz's or HTML's."""

import re

import pytest

from dashboard.charts import RED
from dashboard.flow import Arrow, Box, Flow, draw
from dashboard.history import History
from dashboard.picture import describe, to_dot
from dashboard.status import UP, State, Status
from tests.unit.dashboard.known import HOSTILE, at_work


def test_each_box_and_arrow_is_drawn() -> None:
    dot = to_dot(draw(at_work(), History(), ""))
    assert len(re.findall(r"^\"[^\"]+\" \[label=", dot, re.M)) == 9
    assert len(re.findall(r"^\"[^\"]+\" -> \"[^\"]+\" \[label=", dot, re.M)) == 8
    assert r'"Kafka topics" [label="Kafka topics\n40 records\nup"' in dot
    assert r'"Kafka topics" -> "Landing zone (S3)" [label="S3 sink\n10 waiting"' in dot
    assert r'[label="batch job\n10 waiting\nlast run 2 h ago"' in dot
    assert RED not in dot


def test_what_is_down_is_red() -> None:
    ill = Status(State.DOWN, "refused", "`make up`")
    dot = to_dot(Flow((Box("a", "1", "", ill),), (Arrow("a", "b", "mover", "2", ill),), is_empty=False))
    box, arrow = dot.splitlines()[1:3]
    assert f'fillcolor="{RED}"' in box
    assert r'"a\n1\ndown"' in box
    assert f'color="{RED}"' in arrow
    assert r'"mover\n2\ndown"' in arrow


def test_text_stays_text() -> None:
    named = Box(HOSTILE, HOSTILE, HOSTILE, UP)
    dot = to_dot(Flow((named,), (Arrow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, UP),), is_empty=False))
    assert not {"\x1b", "\u202e"} & set(dot)
    # A quote that is not escaped ends a text, and nothing else does; what is HTML to Graphviz stands between < and >.
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", dot)
    assert not {"<", "alert"} & set(re.findall(r"<|alert", bare))
    assert len(dot.splitlines()) == 4


@pytest.mark.parametrize("text", ["a\\", "\\N", '\\"', 'a"b'])
def test_backslashes_and_quotes_are_not_graphvizs(text: str) -> None:
    line = to_dot(Flow((Box(text, "", "", UP),), (), is_empty=False)).splitlines()[1]
    [name, label] = re.findall(r'"((?:[^"\\]|\\.)*)"', line)[:2]
    assert re.sub(r"\\(.)", r"\1", name) == text
    assert label == rf"{name}\nup"


def test_it_is_described_for_who_does_not_see_it() -> None:
    assert describe(draw(at_work(), History(), "")).startswith("MySQL source: 50 posts, up; API Gateway:")
