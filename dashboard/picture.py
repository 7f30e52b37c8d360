"""Draw the flow in Graphviz's language."""

from common.visible import visible_line
from dashboard.charts import GREY, RED
from dashboard.flow import Arrow, Box, Flow
from dashboard.status import State

# Of each other state: not at work, or not known to be.
_PALE = ("#eceff1", "#90a4ae")
_COLORS = {State.UP: ("#e8f5e9", "#2e7d32"), State.DOWN: (RED, RED)}
_TEXT = {State.DOWN: "#ffffff"}


def to_dot(flow: Flow) -> str:
    """Return the flow as a graph from left to right."""
    head = (
        'digraph flow { rankdir=LR; bgcolor="transparent"; nodesep=0.35; ranksep=0.4; fontname="Helvetica";'
        ' node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=14, margin="0.16,0.1"];'
        f' edge [fontname="Helvetica", fontsize=13, fontcolor="{GREY}"];'
    )
    return "\n".join([head, *map(_box, flow.boxes), *map(_arrow, flow.arrows), "}"])


def describe(flow: Flow) -> str:
    """Return the flow in words, for screen readers."""
    return "; ".join(f"{box.name}: {box.count}, {box.status.state.value}" for box in flow.boxes)


def _box(box: Box) -> str:
    state = box.status.state
    label = _label(box.name, box.count, box.rate, state.value)
    (fill, line), text = _COLORS.get(state, _PALE), _TEXT.get(state, "#1b1f23")
    return f'{_quoted(box.name)} [label={label}, fillcolor="{fill}", color="{line}", fontcolor="{text}"];'


def _arrow(arrow: Arrow) -> str:
    state = arrow.status.state
    # A line for each part: the picture has the page's width, so what makes it narrower makes its text larger.
    label = _label(arrow.name, *arrow.waiting.split(", "), "" if state is State.UP else state.value)
    _, line = _COLORS.get(state, _PALE)
    color = f', fontcolor="{RED}", penwidth=2' if state is State.DOWN else ""
    ends = f"{_quoted(arrow.start)} -> {_quoted(arrow.end)}"
    return f'{ends} [label={label}, color="{line}"{color}];'


def _label(*lines: str) -> str:
    return '"' + r"\n".join(_escaped(line) for line in lines if line) + '"'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return text for between quotes: nothing in it ends them, and no backslash is Graphviz's."""
    return visible_line(text).replace("\\", "\\\\").replace('"', r"\"")
