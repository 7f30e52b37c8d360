"""A Spark SQL prompt over the Delta tables: `make sql`, `python -m workspace.sql_prompt`.

Statements end with a semicolon. What comes through a pipe ends at its first error, with status 1.
"""

import readline  # noqa: F401 - the prompt's lines can be edited
import sys
from collections.abc import Iterable, Iterator

from deltalake import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from common.clients import delta_options
from common.settings import Settings, load_settings
from common.terminal import complain
from contracts.delta_tables import BATCH, QUARANTINE, SPEED, Layer
from contracts.tables import TABLES
from spark_jobs.sinks import delta
from workspace.display import Display
from workspace.magics.sql import run_sql
from workspace.session import notebook_session
from workspace.warehouse import keep_definitions, show_newer_tables

_PROMPT, _MORE = "sql> ", "  -> "
_ENDS = ("exit", "quit")


def main() -> None:
    """Ask, run and show until Ctrl-D or `exit`."""
    settings = load_settings()
    try:
        session = notebook_session(settings)
    except (RuntimeError, FileNotFoundError) as error:
        complain(str(error))
        raise SystemExit(1) from None
    interactive = sys.stdin.isatty()
    views = show_pipeline(session, settings)
    if interactive:
        print(f"Views: {', '.join(views) or 'none yet'}. Statements end with ;, Ctrl-D ends the prompt.")
    for text in statements(_typed() if interactive else sys.stdin):
        show_newer_tables(session, settings)
        done = run(session, text)
        keep_definitions(session, settings)
        if not done and not interactive:
            raise SystemExit(1)


def show_pipeline(session: SparkSession, settings: Settings) -> list[str]:
    """Make a view of each Delta table of the pipeline that is there, such as `cleaned_pin`, and return their names."""
    layers: tuple[Layer, ...] = (BATCH, SPEED)
    names = (*TABLES, QUARANTINE)
    paths = {f"{layer}_{name}": delta.location(settings, name, layer) for layer in layers for name in names}
    storage = delta_options(settings)
    views = {view: path for view, path in paths.items() if DeltaTable.is_deltatable(path, storage)}
    for view, path in views.items():
        session.sql(f"CREATE OR REPLACE TEMPORARY VIEW {view} AS TABLE delta.`{path}`")
    return [*views]


def statements(lines: Iterable[str]) -> Iterator[str]:
    """Yield what ends with a semicolon, of one line or several; the rest counts as one, until a line says exit."""
    text = ""
    for line in lines:
        if not text and line.strip().rstrip(";").lower() in _ENDS:
            return
        text = f"{text}{line.rstrip()}\n" if line.strip() or text else ""
        if text.rstrip().endswith(";"):
            yield text
            text = ""
    if text.strip():
        yield text


def run(session: SparkSession, text: str) -> bool:
    """Run statements, print their results or the error, and return whether they did well."""
    try:
        run_sql(session, text, {}, Display())
    except PySparkException as error:
        complain(str(error).partition("JVM stacktrace:")[0].strip())
        return False
    return True


def _typed() -> Iterator[str]:
    """Yield the lines that a person types; Ctrl-C drops the statement that is begun."""
    prompt = _PROMPT
    while True:
        try:
            line = input(prompt)
        except EOFError:
            print()
            return
        yield line
        prompt = _MORE if line.strip() and not line.rstrip().endswith(";") else _PROMPT


if __name__ == "__main__":
    main()
