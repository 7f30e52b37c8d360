"""Make the consoles that commands print with, and print errors.

Nothing that data holds commands the terminal, is taken for rich's markup, or becomes a picture (`:100:`).
"""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from common.visible import visible, visible_line


class _VisibleConsole(Console):
    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - passed on
        """Make plain text visible before it is measured, so that tables stay in line."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Make visible whatever came another way, `Text` for one; rich's own control sequences are apart."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def make_console(**options: Any) -> Console:  # noqa: ANN401 - rich's own
    """Return a console on standard output, or as rich's options say: no markup, no emoji, nothing invisible."""
    return _VisibleConsole(markup=False, emoji=False, **options)


def cell(text: str, style: str = "") -> Text:
    """Return text from data for one line, such as a table's cell."""
    return Text(visible_line(text), style=style)


def complain(message: str) -> None:
    """Print on standard error what went wrong and what to do."""
    make_console(stderr=True).print(message, style="red", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Print on standard error what is being done now, so that nobody wonders; answers go to standard output."""
    make_console(stderr=True).print(message, style="dim", highlight=False, soft_wrap=True)
