"""Write an answer as CSV that a spreadsheet takes for data."""

import csv
import io

from operations.query import Answer, Value

# A cell that begins so is a formula to Excel and LibreOffice (OWASP, "CSV Injection"); after an apostrophe it is text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def to_csv(answer: Answer) -> bytes:
    """Return the answer in UTF-8, with the mark by which Excel knows it; null is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(answer.columns)
    writer.writerows([_cell(value) for value in row] for row in answer.rows)
    return text.getvalue().encode("utf-8-sig", "backslashreplace")


def _cell(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
