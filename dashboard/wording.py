"""Word numbers for people, and make text from records safe to show."""

import re

from common.visible import visible_line

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SHOWN_CHARACTERS = 300  # of a cell: enough to know a record again


def amount(count: int, unit: str) -> str:
    """Return a count with its unit: `1 row`, `1,000 rows`."""
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def age(seconds: float) -> str:
    """Return a time span in its largest unit: `0.3 s`, `12 s`, `5 min`, `3 h`, `2 d`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    units = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"))
    return next(
        (f"{seconds / size:.0f} {unit}" for size, unit in units if seconds >= size), f"{seconds:.0f} s"
    )


def shown(text: str | None) -> str:
    """Return text of a record for a table's cell: on one line, nothing invisible, and not endless."""
    line = visible_line((text or "")[: _SHOWN_CHARACTERS + 1])
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def code(text: str) -> str:
    """Return text from outside for a sentence in Markdown: a span of code on one line, in which nothing is markup."""
    line = visible_line(text) or " "
    # A span ends at as many backticks as began it; one that begins or ends with a backtick has spaces that go away.
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    gap = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{gap}{line}{gap}{fence}"
