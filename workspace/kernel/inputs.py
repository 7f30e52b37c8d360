"""The inputs of `dbutils.widgets` in a browser: what is typed or chosen is the widget's value from then on."""

from typing import Any

import ipywidgets
from IPython.display import display

from workspace.dbutils.widgets import Widget


def show_input(widget: Widget) -> None:
    """Show a widget's input."""
    display(make_input(widget))


def make_input(widget: Widget) -> Any:  # noqa: ANN401 - ipywidgets has no types
    """Return an input whose changes the widget takes."""
    box = _KINDS[widget.kind](widget)
    box.observe(lambda change: setattr(widget, "value", _text(change["new"])), names="value")
    return box


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _of_text(widget: Widget) -> Any:  # noqa: ANN401
    return ipywidgets.Text(widget.value, description=widget.label, continuous_update=False)


def _of_dropdown(widget: Widget) -> Any:  # noqa: ANN401
    # A parameter may be none of the choices.
    options = [*dict.fromkeys((*widget.choices, widget.value))]
    return ipywidgets.Dropdown(options=options, value=widget.value, description=widget.label)


def _of_combobox(widget: Widget) -> Any:  # noqa: ANN401
    return ipywidgets.Combobox(
        value=widget.value, options=widget.choices, description=widget.label, continuous_update=False
    )


def _of_multiselect(widget: Widget) -> Any:  # noqa: ANN401
    chosen = [each for each in widget.value.split(",") if each in widget.choices]
    return ipywidgets.SelectMultiple(options=widget.choices, value=chosen, description=widget.label)


_KINDS = {
    "text": _of_text,
    "dropdown": _of_dropdown,
    "combobox": _of_combobox,
    "multiselect": _of_multiselect,
}
