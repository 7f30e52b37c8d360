"""A cell's failure, told by the notebook's own lines."""

import traceback
from pathlib import Path

from pyspark.errors.exceptions.captured import AnalysisException

from workspace.formats import Cell

# What a person reads of an error; Spark's quote plans and the JVM's calls, hundreds of lines of them.
_MESSAGE_LINES = 12
_LINE_CHARACTERS = 1000


class CellError(Exception):
    """A cell that raised something.

    Attributes:
        path: the notebook's file.
        cell: the cell.
        error: what it raised; a CellError where the cell runs another notebook.
    """

    def __init__(self, path: Path, cell: Cell, error: Exception) -> None:
        super().__init__(path, cell, error)
        self.path, self.cell, self.error = path, cell, error

    def __str__(self) -> str:
        """Return which cell failed, at which of its lines and of the notebook's other lines, and the error."""
        title = f" ({self.cell.title})" if self.cell.title else ""
        return "\n".join(
            [f"{cell_name(self.path, self.cell)}{title} failed.", *self._lines(), self._message()]
        )

    def _lines(self) -> list[str]:
        """Return the lines that the error came through, as far as they are a notebook's."""
        frames = [
            frame for frame in traceback.extract_tb(self.error.__traceback__) if frame.filename in _known
        ]
        if isinstance(self.error, SyntaxError) and self.error.filename in _known:
            place = traceback.FrameSummary(self.error.filename, self.error.lineno or 1, "<module>")
            frames.append(place)
        return [line for frame in frames for line in _frame_lines(frame)]

    def _message(self) -> str:
        if isinstance(self.error, CellError):
            return str(self.error)
        text = self.error.msg if isinstance(self.error, SyntaxError) else str(self.error)
        # Behind the sentence stands the plan, every column of it.
        end = ";\n" if type(self.error) is AnalysisException else "JVM stacktrace:"
        text = text.partition(end)[0]
        kept = [
            line[:_LINE_CHARACTERS]
            for line in text.splitlines()
            if line.strip() and not line.startswith("\tat ")
        ]
        cut = ["..."] if len(kept) > _MESSAGE_LINES else []
        return "\n".join([f"{type(self.error).__name__}: " + "\n".join(kept[:_MESSAGE_LINES]), *cut])


# The cells that have run, by what tracebacks call them.
_known: dict[str, Cell] = {}


def cell_name(path: Path, cell: Cell) -> str:
    """Return what a cell is called, in tracebacks too."""
    name = f"{path.name}, cell {cell.number}"
    _known[name] = cell
    return name


def _frame_lines(frame: traceback.FrameSummary) -> list[str]:
    line, begin = frame.lineno or 1, _known[frame.filename].line
    place = f"line {begin + line - 1} of the file" if begin else f"line {line}"
    function = f", in {frame.name}" if frame.name != "<module>" else ""
    return [f"  {frame.filename}, {place}{function}:", f"    {frame.line}"]
