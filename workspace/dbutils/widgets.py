"""`dbutils.widgets`: a notebook's parameters. A value that is given from outside wins over the notebook's default."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workspace.dbutils.errors import ExecutionError
from workspace.dbutils.help import WithHelp

_MISSING = object()


@dataclass
class Widget:
    """An input of a notebook; `choices` is empty for a text."""

    kind: str
    value: str
    choices: tuple[str, ...]
    label: str


ShowWidget = Callable[[Widget], object]


class Widgets(WithHelp):
    """Methods to create and get the values of a notebook's input widgets."""

    def __init__(self, parameters: Mapping[str, str], show: ShowWidget | None = None) -> None:
        """Make the widgets of a notebook.

        Args:
            parameters: values from outside, by name.
            show: shows a widget that is created, where the notebook is in a browser.
        """
        self._parameters = dict(parameters)
        self._widgets: dict[str, Widget] = {}
        self._show = show or (lambda _: None)

    def text(self, name: str, defaultValue: str, label: str = "") -> None:  # noqa: N803 - Databricks' name
        """Create a text input."""
        self._create("text", name, defaultValue, (), label)

    def dropdown(self, name: str, defaultValue: str, choices: Sequence[str], label: str = "") -> None:  # noqa: N803
        """Create an input of one of the choices."""
        self._create("dropdown", name, self._chosen(name, defaultValue, choices), choices, label)

    def combobox(self, name: str, defaultValue: str, choices: Sequence[str], label: str = "") -> None:  # noqa: N803
        """Create an input of one of the choices, or of any other text."""
        self._create("combobox", name, defaultValue, choices, label)

    def multiselect(self, name: str, defaultValue: str, choices: Sequence[str], label: str = "") -> None:  # noqa: N803
        """Create an input of some of the choices; its value has commas between them."""
        self._create("multiselect", name, self._chosen(name, defaultValue, choices), choices, label)

    def get(self, name: str) -> str:
        """Return the value of a widget, or of a parameter that was given for one."""
        found = self._value(name)
        if found is None:
            raise ExecutionError(
                f"InputWidgetNotDefined: No input widget named {name} is defined. Create it, as with "
                f"dbutils.widgets.text({name!r}, ''), or give it as a parameter."
            )
        return found

    def getArgument(self, name: str, defaultValue: object = _MISSING) -> str:  # noqa: N802, N803
        """Return the value of a widget, else the default (deprecated by Databricks: use get)."""
        found = self._value(name)
        if found is not None:
            return found
        return self.get(name) if defaultValue is _MISSING else str(defaultValue)

    def getAll(self) -> dict[str, str]:  # noqa: N802
        """Return the values of all widgets by their names."""
        return self._parameters | {name: widget.value for name, widget in self._widgets.items()}

    def remove(self, name: str) -> None:
        """Remove a widget; without one of that name nothing happens."""
        self._widgets.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        """Remove all widgets."""
        self._widgets.clear()

    def set_parameters(self, values: Mapping[str, str]) -> None:
        """Take values from outside, as `%run` gives them; widgets that are there get them too."""
        self._parameters.update(values)
        for name in values.keys() & self._widgets.keys():
            self._widgets[name].value = values[name]

    def _value(self, name: str) -> str | None:
        widget = self._widgets.get(name)
        return widget.value if widget else self._parameters.get(name)

    def _create(self, kind: str, name: str, default: str, choices: Sequence[str], label: str | None) -> None:
        # One that is there keeps its value, as its cell run again would else forget what was chosen.
        known = self._widgets.get(name)
        value = known.value if known else self._parameters.get(name, str(default))
        self._widgets[name] = Widget(kind, value, tuple(map(str, choices)), label or name)
        self._show(self._widgets[name])

    @staticmethod
    def _chosen(name: str, default: str, choices: Sequence[str]) -> str:
        if str(default) not in map(str, choices):
            raise ValueError(f"the default of widget {name!r} is {default!r}, which is none of its choices")
        return default
