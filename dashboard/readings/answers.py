"""Ask Postgres the nine questions, one at a time."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from common.settings import Settings
from dashboard.readings.postgres import asking, read_rows, rows
from operations.query import SIDES, Answer, Query

# Of a million posts one answer takes up to 6 s on two cores, all nine 22 s; ten times that is not waited for.
SECONDS = 60.0

_KEPT = """
SELECT DISTINCT ON (query) query, columns, answer, answered_at
FROM ops.query_answers ORDER BY query, answered_at DESC
"""
# The kept answers are small, and no more than nine.
_KEPT_SECONDS = 2.0


@dataclass(frozen=True)
class Asked:
    """An answer, the rows behind it by path (`serving.row_sources`), of the same snapshot; when, how long it took."""

    answer: Answer
    sides: Answer
    asked_at: datetime
    seconds: float


@dataclass(frozen=True)
class Kept:
    """The answer that the last scheduled run kept."""

    answer: Answer
    answered_at: datetime


def ask(query: Query, settings: Settings) -> Asked:
    """Ask a question now.

    Raises:
        psycopg2.Error: Postgres does not answer, lacks its tables, or takes longer than `SECONDS`.
    """
    asked_at, began = datetime.now(UTC), time.monotonic()
    with asking(settings, SECONDS) as cursor:
        answer, sides = (_answer(cursor, statement) for statement in (query.sql, SIDES))
        return Asked(answer, sides, asked_at, time.monotonic() - began)


def _answer(cursor: Any, statement: str) -> Answer:  # noqa: ANN401 - psycopg2's
    found = rows(cursor, statement)
    return Answer([column.name for column in cursor.description], found)


def read_kept(settings: Settings) -> dict[int, Kept]:
    """Return the newest kept answer of each question, by its number.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    return {
        number: Kept(Answer(columns, [tuple(row) for row in answer]), answered_at)
        for number, columns, answer, answered_at in read_rows(settings, _KEPT_SECONDS, _KEPT)
    }
