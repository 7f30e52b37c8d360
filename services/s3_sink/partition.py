"""One assigned partition: its buffer, the objects it closes, and why it is closed when it is."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from contracts.landing import to_line
from services.s3_sink.buffer import Buffer, Limits
from services.s3_sink.zone import LandingZone, PartitionEnd

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="s3-sink")

Partition = tuple[str, int]  # topic and partition


class Record(Protocol):
    """The part of a Kafka message that the sink reads."""

    def offset(self) -> int:
        """Its offset."""

    def value(self) -> bytes | None:
        """Its value; None is a tombstone."""


class Repeat(Exception):  # noqa: N818 - an answer rather than an error
    """Kafka must send the partition again from `offset` on."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"from offset {offset}")
        self.offset = offset


class Rewound(Exception):  # noqa: N818
    """Kafka's partition is not the one that has landed: the topic was made anew, or the broker lost its data."""


class OpenPartition:
    """A partition whose place in the landing zone is known; it lands what `take` is given.

    Every method that lands raises what `LandingZone.append` raises; the partition must then be opened again.

    Kafka's offsets alone do not tell that it has lost its latest records once others have taken their place. So where
    the last line that has landed is given, Kafka is to begin with its record, which is compared, and does not land.
    """

    def __init__(
        self,
        place: Partition,
        tail: PartitionEnd,
        zone: LandingZone,
        limits: Limits,
        last: bytes | None = None,
    ) -> None:
        self._place = place
        self._last = last
        self._zone = zone
        self._limits = limits
        self._tail = tail
        self._buffer = Buffer(tail.next)
        self._doubted: int | None = None

    @property
    def landed(self) -> int:
        """The offset after the last one that is in S3."""
        return self._tail.next

    @property
    def buffered(self) -> int:
        """Return how many records wait in memory for their object to close."""
        return len(self._buffer.lines)

    def take(self, records: Sequence[Record], now: float) -> None:
        """Take up records in the order of their offsets, at `now` (monotonic seconds), and land full objects.

        Raises:
            Repeat: an offset is missing, which Kafka is to confirm.
            Rewound: an offset comes again, or Kafka's last landed record is another one.
        """
        for record in records:
            offset = record.offset()
            last, self._last = self._last, None
            if last is not None and offset == self.landed - 1:
                self._compare(record, last)
                continue
            if offset != self._buffer.next:
                self._leave_out(offset)
            self._buffer.add(to_line(record.value()), now)
            if self._buffer.is_full(self._limits):
                self.land()

    def _compare(self, record: Record, last: bytes) -> None:
        if to_line(record.value()) != last:
            raise Rewound(f"Kafka's record at offset {record.offset()} is another one than has landed")

    def land(self) -> None:
        """Close the object and put it; without a record there is none."""
        if not self._buffer.lines:
            return
        end = self._buffer.next
        self._tail = self._zone.append(*self._place, self._tail, self._buffer.body(), end)
        self._buffer = Buffer(end)

    def land_if_old(self, now: float) -> None:
        """Close the object if its first record has waited long enough."""
        if self._buffer.is_old(self._limits, now):
            self.land()

    def confirm(self) -> None:
        """Raise `StaleEnd` if the landing zone has changed behind our back."""
        self._zone.confirm(*self._place, self._tail)

    def _leave_out(self, offset: int) -> None:
        """Go on at `offset`; what is left out is recorded in the chain, once Kafka has shown it twice.

        A hole is for ever in the landing zone, so it is not believed at first sight.
        """
        expected = self._buffer.next
        if offset < expected:
            raise Rewound(f"Kafka sent offset {offset} after offset {expected - 1}")
        if self._doubted != expected:
            self._doubted = expected
            self.land()
            raise Repeat(expected)
        self._tail = self._zone.append(*self._place, self._tail, b"", offset)
        self._buffer = Buffer(offset)
        log.error(
            "offsets are missing in Kafka (retention, compaction or transactions); nothing can be landed for them",
            topic=self._place[0],
            partition=self._place[1],
            first=expected,
            last=offset - 1,
            count=offset - expected,
        )
