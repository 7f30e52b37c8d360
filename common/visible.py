"""Make text from outside safe to show: what would command a terminal, or reorder or break a line, becomes readable.

A record's title may hold ESC [2J, which clears a screen; all that a person reads passes through here.
"""

import re
import sys
import traceback
from types import TracebackType

# C0 without tab and newline, DEL and C1; line and paragraph separator; the embeddings, overrides and isolates of
# bidirectional text; halves of surrogate pairs, which cannot be written at all.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_UNSAFE_IN_A_LINE = re.compile(rf"[\t\n]|{_UNSAFE.pattern}")


def visible(text: str) -> str:
    r"""Return the text with its control characters written out (ESC as `\x1b`); tabs and newlines stay."""
    return _UNSAFE.sub(_written_out, text)


def visible_line(text: str) -> str:
    r"""Return the text on one line: as `visible`, newline and tab written out as `\n` and `\t`."""
    return _UNSAFE_IN_A_LINE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def print_tracebacks_visibly() -> None:
    """Have this process print the tracebacks of its errors visibly: their messages quote data."""
    sys.excepthook = _print_traceback


def _print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, trace))))
