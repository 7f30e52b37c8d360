"""Test the picture's text: its parts, its colours, and that no text becomes Graphviz's or HTML's."""

import re

from dashboard.flow import Arrow, Box, Flow, draw
from dashboard.history import History
from dashboard.picture import RED, describe, to_dot
from dashboard.status import UP, State, Status
from tests.unit.dashboard.known import HOSTILE, at_work


def test_each_box_and_arrow_is_drawn() -> None:
    dot = to_dot(draw(at_work(), History(), ""))
    assert len(re.findall(r"^\"[^\"]+\" \[label=<<B>", dot, re.M)) == 9
    assert len(re.findall(r"^\"[^\"]+\" -> \"[^\"]+\" \[label=<", dot, re.M)) == 8
    assert "<B>Kafka topics</B><BR/>40 records<BR/>up" in dot
    assert '"Kafka topics" -> "Landing zone (S3)" [label=<S3 sink<BR/>10 waiting, 0.0 s>' in dot
    assert RED not in dot


def test_what_is_down_is_red() -> None:
    ill = Status(State.DOWN, "refused", "`make up`")
    dot = to_dot(Flow((Box("a", "1", "", ill),), (Arrow("a", "b", "mover", "2", ill),), is_empty=False))
    box, arrow = dot.splitlines()[1:3]
    assert f'fillcolor="{RED}"' in box
    assert "<B>a</B><BR/>1<BR/>down" in box
    assert f'color="{RED}"' in arrow
    assert "mover<BR/>2<BR/>down" in arrow


def test_text_stays_text() -> None:
    named = Box(HOSTILE, HOSTILE, HOSTILE, UP)
    dot = to_dot(Flow((named,), (Arrow(HOSTILE, HOSTILE, HOSTILE, HOSTILE, UP),), is_empty=False))
    assert not {"\x1b", "\u202e"} & set(dot)
    assert dot.count("&lt;img src=x onerror=alert(1)&gt;") == 5
    # A quote that is not escaped ends a quoted text, and nothing else does.
    assert "<img" not in re.sub(r'"(?:[^"\\]|\\.)*"', "", dot)
    assert len(dot.splitlines()) == 4


def test_it_is_described_for_who_does_not_see_it() -> None:
    assert describe(draw(at_work(), History(), "")).startswith("MySQL source: 50 posts, up; API Gateway:")
