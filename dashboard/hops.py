"""Compare the counts of the batch path hop by hop, as they are now: `make verify` compares the values too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from common.settings import Settings
from contracts.delta_tables import BATCH
from contracts.tables import DECLARATIONS, TABLES, Table
from dashboard.readings.quality import QualityData
from dashboard.readings.tables import Count
from dashboard.stages import Readings
from operations.verify.accounts import Counts


@dataclass(frozen=True)
class Hops:
    """The counts of a table from the emulator to Postgres; None: not known now."""

    sent: int
    kafka: int | None
    landed: int | None
    counts: Counts
    set_aside: int
    delta: int | None
    served: Count | None

    @property
    def problems(self) -> list[str]:
        """Return what does not add up."""
        counts = self.counts
        checks = {
            "the emulator had more acknowledged than Kafka holds": self.kafka is None
            or self.sent <= self.kafka,
            "more was read than has landed": self.landed is None or counts.read <= self.landed,
            "read is not cleaned + duplicate + quarantined": (
                counts.read == counts.cleaned + counts.duplicate + counts.quarantined
            ),
            "quarantined is not what quarantine.batch holds": counts.quarantined == self.set_aside,
            "Delta and Postgres have different numbers of rows": self._served_equals_delta(),
        }
        return [problem for problem, holds in checks.items() if not holds]

    def _served_equals_delta(self) -> bool:
        """Return whether the rows are as many in both; what is estimated or not known proves nothing."""
        if self.served is None or not self.served.exact or self.delta is None:
            return True
        return self.served.rows == self.delta


_LINES: dict[str, Callable[[Hops], int | Count | None]] = {
    "emulator: acknowledged": lambda hops: hops.sent,
    "Kafka: end offsets": lambda hops: hops.kafka,
    "landing zone: records": lambda hops: hops.landed,
    "batch runs: read": lambda hops: hops.counts.read,
    "… cleaned": lambda hops: hops.counts.cleaned,
    "… duplicate": lambda hops: hops.counts.duplicate,
    "… quarantined": lambda hops: hops.counts.quarantined,
    "quarantine.batch: records": lambda hops: hops.set_aside,
    "Delta: rows": lambda hops: hops.delta,
    "Postgres: rows": lambda hops: hops.served,
}


def compare(settings: Settings, readings: Readings, quality: QualityData) -> dict[Table, Hops]:
    """Return the counts of each table."""
    delta, tables = readings.delta.value, readings.tables.value
    topics, sink = readings.topics.value, readings.sink.value
    return {
        table: Hops(
            sent=quality.sent.get(settings.topic(table), 0),
            kafka=_total(topics.ends if topics else None, settings.topic(table)),
            landed=_total((sink.landed if sink else None) or None, settings.topic(table)),
            counts=quality.batch.get(table, Counts()),
            set_aside=quality.set_aside.get(settings.topic(table), 0),
            delta=delta.rows.get((BATCH, table)) if delta else None,
            served=tables.counts.get(f"batch.{DECLARATIONS[table].served}") if tables else None,
        )
        for table in TABLES
    }


def _total(offsets: Mapping[tuple[str, int], int] | None, topic: str) -> int | None:
    if offsets is None:
        return None
    return sum(end for (name, _), end in offsets.items() if name == topic)


def lines(hops: Mapping[Table, Hops]) -> list[dict[str, str]]:
    """Return a row for each hop, a column for each table, and at the end whether they add up."""
    found = [
        {"hop": name, **{table: _cell(value(each)) for table, each in hops.items()}}
        for name, value in _LINES.items()
    ]
    adds_up = {table: "not now" if each.problems else "yes" for table, each in hops.items()}
    return [*found, {"hop": "adds up", **adds_up}]


def _cell(value: int | Count | None) -> str:
    if value is None:
        return "?"
    if isinstance(value, Count):
        return f"{value.rows:,}" if value.exact else f"about {value.rows:,}"
    return f"{value:,}"
