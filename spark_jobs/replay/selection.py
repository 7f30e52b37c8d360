"""Select the quarantined records to validate again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from common.settings import Settings
from contracts.tables import TABLES

# An offset, or a time in UTC.
Bound = int | datetime


@dataclass(frozen=True)
class Selection:
    """All records of the topics, or those of them that meet each condition which is given.

    Attributes:
        topics: names of Kafka topics.
        reason: one of the reasons for which they were rejected.
        first: their lowest offset, or the time since which they have been in quarantine.
        last: their highest offset, or the time until which they came into quarantine.
    """

    topics: tuple[str, ...]
    reason: str | None = None
    first: Bound | None = None
    last: Bound | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The condition in SQL, on the columns of quarantine.batch, and its values."""
        parts: list[tuple[str, object]] = [("topic = ANY(%s)", list(self.topics))]
        if self.reason is not None:
            parts.append(("%s = ANY(reasons)", self.reason))
        for bound, sign in ((self.first, ">="), (self.last, "<=")):
            if bound is not None:
                parts.append((f"{_column(bound)} {sign} %s", bound))
        return " AND ".join(text for text, _ in parts), [value for _, value in parts]


def _column(bound: Bound) -> str:
    return '"offset"' if isinstance(bound, int) else "quarantined_at"


def topics(settings: Settings, wanted: str | None) -> tuple[str, ...]:
    """The topics of all tables, or the one that is named in full or by its table.

    Raises:
        ValueError: there is no such topic.
    """
    known = {table: settings.topic(table) for table in TABLES}
    if wanted is None:
        return tuple(known.values())
    for table, topic in known.items():
        if wanted in (table, topic):
            return (topic,)
    raise ValueError(f"there is no topic {wanted!r}; there are {', '.join(known.values())}")


def known_reason(reason: str | None) -> str | None:
    """Return the reason.

    Raises:
        ValueError: no record is ever rejected for it.
    """
    if reason is None:
        return None
    # The cleaning rules' package imports Spark, which takes a second.
    from spark_jobs.cleaning.reasons import REASONS  # noqa: PLC0415

    if reason not in REASONS:
        raise ValueError(f"there is no reason {reason!r}; there are {', '.join(REASONS)}")
    return reason


def bound(text: str | None, *, last: bool) -> Bound | None:
    """Digits are an offset; anything else is a day or a time, in UTC unless it says otherwise.

    Args:
        last: whether it is the upper end, so that a day is meant with all its hours.

    Raises:
        ValueError: it is neither.
    """
    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{'TO' if last else 'FROM'} is {text!r}, neither an offset nor a time such as 2026-01-31 or"
            " 2026-01-31T12:00"
        ) from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    is_day = len(text) == len("2026-01-31")
    return time + timedelta(days=1, microseconds=-1) if last and is_day else time
