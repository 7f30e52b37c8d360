"""Run a page as Streamlit does, without a browser, and find what it shows."""

from collections.abc import Iterator
from types import ModuleType

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Element, UnknownElement

from tests.unit.dashboard.known import KnownSources

# A page of known readings takes a tenth of a second; the first one loads pandas.
_TIMEOUT_SECONDS = 60.0


def run(page: ModuleType, sources: KnownSources) -> AppTest:
    """Return the page as it is once it has been run; it must not have failed."""

    # Streamlit runs its text, to which this module's names are unknown.
    def script(page: "ModuleType", sources: "KnownSources") -> None:
        page.show(sources)

    app = AppTest.from_function(script, args=(page, sources), default_timeout=_TIMEOUT_SECONDS).run()
    assert not app.exception
    return app


def texts(app: AppTest, kind: str) -> list[str]:
    """Return the texts of all elements of a kind: `error`, `info`, `text`."""
    return [element.value for element in app.get(kind) if isinstance(element, Element)]


def specs(app: AppTest, kind: str) -> list[str]:
    """Return the descriptions of all charts of a kind: `graphviz_chart`, `vega_lite_chart`."""
    return [element.proto.spec for element in app.get(kind) if isinstance(element, UnknownElement)]


def marked_up(app: AppTest) -> Iterator[str]:
    """Yield the text of each element that would take Markdown in it for its own."""
    for kind in (
        "markdown",
        "caption",
        "error",
        "warning",
        "info",
        "success",
        "header",
        "subheader",
        "title",
    ):
        yield from texts(app, kind)
