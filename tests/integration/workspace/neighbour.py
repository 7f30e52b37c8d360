"""A notebook beside another one: a program that does the SQL statements it is sent, and answers in lines of JSON."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from common.settings import load_settings
from workspace.session import notebook_session
from workspace.warehouse import keep_definitions, show_newer_tables


class Neighbour:
    """The program, from outside."""

    def __enter__(self) -> Self:
        """Start it."""
        command = [sys.executable, "-m", "tests.integration.workspace.neighbour"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close its input, at which it ends."""
        self._process.communicate()

    def send(self, statement: str) -> None:
        """Have it begin with a statement, as a cell of its own."""
        assert self._process.stdin
        print(json.dumps(statement), file=self._process.stdin, flush=True)

    def answer(self) -> Any:  # noqa: ANN401 - JSON
        """Return the rows that the statement before gave, or the text of its error."""
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def ask(self, statement: str) -> Any:  # noqa: ANN401 - JSON
        """Have it do a statement, and return what it answers."""
        self.send(statement)
        return self.answer()


def main() -> None:
    """Do statements until there are no more."""
    settings = load_settings()
    session = notebook_session(settings)
    for line in sys.stdin:
        show_newer_tables(session, settings)
        try:
            answer: Any = [list(row) for row in session.sql(json.loads(line)).collect()]
        except (PySparkException, Py4JError) as error:
            answer = str(error)
        keep_definitions(session, settings)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
