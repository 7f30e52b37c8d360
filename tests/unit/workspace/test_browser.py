"""Test what a browser is given to show: tables, pages, streams, inputs; nothing of the data is markup."""

import re
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from common.wait import wait_until
from workspace.dbutils.redaction import hide
from workspace.dbutils.widgets import Widgets
from workspace.display import Display
from workspace.kernel import browser
from workspace.kernel.browser import MAX_ROWS, Browser, table_html
from workspace.kernel.inputs import make_input
from workspace.kernel.kernel import RedactingSession
from workspace.kernel.notebook import names_of
from workspace.tables import Rows

HOSTILE = "<script>alert('x')</script>&"
Published = list[dict[str, str]]


class Handle:
    """A display that is updated; keeps what was shown last."""

    def __init__(self) -> None:
        self.shown = {"text/html": ""}

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown = bundle


class Query:
    """A streaming query that has ended, or failed."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def awaitTermination(self) -> None:  # noqa: N802 - pyspark's
        if self._error:
            raise self._error


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    found: Published = []
    monkeypatch.setattr(browser, "publish_display_data", found.append)
    return found


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    handle = Handle()
    monkeypatch.setattr(browser, "display", lambda *_, **__: handle)
    return handle


def test_names_values_and_note_are_escaped() -> None:
    html = table_html(Rows([HOSTILE], [[HOSTILE], [{"a": HOSTILE}]], HOSTILE))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4


def test_null_is_told_from_the_word() -> None:
    html = table_html(Rows(["a"], [[None], ["null"]], ""))
    assert "<td><i>null</i></td>" in html
    assert re.search(r"<td[^>]*>null</td>", html)


def test_long_value_is_cut() -> None:
    html = table_html(Rows(["a"], [["x" * 1_000], ["y" * 1_001]], ""))
    assert "x" * 1_000 + "</td>" in html
    assert "y" * 1_000 + "...</td>" in html


@pytest.mark.parametrize(
    ("size", "note"),
    [(0, "0 rows"), (1, "1 row"), (MAX_ROWS, "1,000 rows"), (MAX_ROWS + 1, "the first 1,000 of 1,001 rows")],
)
def test_a_thousand_rows_are_shown(published: Published, size: int, note: str) -> None:
    Display(Browser())([{"id": number} for number in range(size)])
    [shown] = published
    assert shown["text/html"].count("<tr>") == 1 + min(size, MAX_ROWS)
    assert f"<small>{note}</small>" in shown["text/html"]
    assert shown["text/plain"].endswith(f": {note}")


def test_page_has_a_frame_without_this_servers_rights(published: Published) -> None:
    Browser().show_page('<b title="t">bold</b>')
    [shown] = published
    assert 'srcdoc="&lt;b title=&quot;t&quot;&gt;bold&lt;/b&gt;"' in shown["text/html"]
    assert 'sandbox="allow-scripts allow-popups"' in shown["text/html"]


def batch(*values: object) -> Rows:
    return Rows(["n"], [[value] for value in values], "")


def test_stream_is_one_table_of_its_newest_rows(handle: Handle) -> None:
    stream = Browser().open_stream("posts")
    stream.show_batch(batch(HOSTILE), 0, replaces=False)
    stream.show_batch(batch(*range(MAX_ROWS - 1)), 1, replaces=False)
    assert "&lt;script&gt;" in handle.shown["text/html"]
    assert "posts, micro-batch 1: the newest 1,000 rows; refreshes" in handle.shown["text/html"]
    stream.show_batch(batch("last"), 2, replaces=False)
    assert "&lt;script&gt;" not in handle.shown["text/html"]
    assert ">last</td>" in handle.shown["text/html"]


def test_whole_result_replaces_the_one_before(handle: Handle) -> None:
    stream = Browser().open_stream("counts")
    stream.show_batch(batch("before"), 0, replaces=True)
    stream.show_batch(batch("after"), 1, replaces=True)
    assert "before" not in handle.shown["text/html"]
    assert "counts, micro-batch 1: 1 row; refreshes" in handle.shown["text/html"]


def test_streams_frame_is_shown_as_it_comes(spark: SparkSession, handle: Handle, tmp_path: Path) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / "a.json").write_text('{"word": "<b>"}\n')
    show = Display(Browser())
    show(spark.readStream.schema("word string").json(str(folder)), streamName="words")
    [query] = [each for each in spark.streams.active if each.name == "words"]
    query.processAllAvailable()
    query.stop()
    assert "&lt;b&gt;" in handle.shown["text/html"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(None, "0 rows; stopped"), (StreamingQueryException("the shard <1> is gone"), "&lt;1&gt; is gone")],
)
def test_end_of_a_stream_is_said(handle: Handle, error: Exception | None, said: str) -> None:
    Browser().open_stream("posts").follow(Query(error))  # type: ignore[arg-type]
    wait_until(lambda: said in handle.shown["text/html"], timeout=30, what="the end to be shown")


@pytest.fixture
def inputs() -> dict[str, Any]:
    return {}


@pytest.fixture
def widgets(inputs: dict[str, Any]) -> Widgets:
    """Widgets whose inputs the test types into."""
    return Widgets(
        {"given": "from outside"}, lambda widget: inputs.__setitem__(widget.label, make_input(widget))
    )


def test_what_is_typed_is_the_widgets_value(widgets: Widgets, inputs: dict[str, Any]) -> None:
    widgets.text("name", "default", "the label")
    assert inputs["the label"].value == "default"
    inputs["the label"].value = "typed"
    assert widgets.get("name") == "typed"
    widgets.text("name", "default", "again")  # its cell is run again
    assert inputs["again"].value == "typed"


def test_what_is_chosen_is_the_widgets_value(widgets: Widgets, inputs: dict[str, Any]) -> None:
    widgets.dropdown("given", "a", ["a", "b"])
    assert inputs["given"].value == "from outside"
    inputs["given"].value = "b"
    widgets.combobox("city", "Rome", ["Rome", "Oslo"])
    inputs["city"].value = "Paris"
    widgets.multiselect("years", "2020", ["2019", "2020", "2021"])
    inputs["years"].value = ["2019", "2021"]
    assert widgets.getAll() == {"given": "b", "city": "Paris", "years": "2019,2021"}


def test_secrets_leave_the_kernel_redacted() -> None:
    hide("correct horse")
    table = {"data": {"text/html": "<td>correct horse</td>"}, "traceback": ["line", "correct horse"], "n": 1}
    content = RedactingSession().msg("display_data", table)["content"]
    assert content["data"] == {"text/html": "<td>[REDACTED]</td>"}
    assert content["traceback"] == ["line", "[REDACTED]"]
    assert content["n"] == 1


@pytest.mark.parametrize(
    ("environment", "path", "root"),
    [
        (
            {"JPY_SESSION_NAME": "/lab/own/a/b.ipynb", "PIPELINE_NOTEBOOKS": "/lab"},
            "/lab/own/a/b.ipynb",
            "/lab/own",
        ),
        ({"JPY_SESSION_NAME": "/lab/b.ipynb", "PIPELINE_NOTEBOOKS": "/lab"}, "/lab/b.ipynb", "/lab"),
        ({"JPY_SESSION_NAME": "/else/b.ipynb"}, "/else/b.ipynb", "/else"),
    ],
)
def test_notebook_knows_its_file_and_workspace(environment: dict[str, str], path: str, root: str) -> None:
    assert names_of(environment) == (Path(path), Path(root))
