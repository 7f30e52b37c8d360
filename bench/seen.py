"""The outcome of requests with changed bytes: how they were answered, and what was acknowledged."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bench.raw_http import Exchange
from bench.report import Row

_OK = 200

PlaceT = TypeVar("PlaceT", bound=Hashable)


@dataclass
class Seen(Generic[PlaceT]):
    """The outcome of all requests so far.

    Attributes:
        acknowledged: yields the places that a body of status 200 acknowledges.
        excuse: names whose a wrong answer is, where it is known not to be ours; else None.
        count: how many requests.
        statuses: how many answers had each status.
        places: of each record that was acknowledged, how often.
        wrong: the requests that were not answered as they have to be, and how.
        excused: of wrong answers that are not ours, how many there were for each excuse.
    """

    acknowledged: Callable[[bytes], Iterable[PlaceT]]
    excuse: Callable[[Exchange], str | None] = lambda _: None
    count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    places: Counter[PlaceT] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)

    def add(self, exchange: Exchange) -> None:
        """Count an exchange."""
        self.count += 1
        self.statuses.update(exchange.statuses)
        if exchange.fault or exchange.errors:
            self._add_wrong(exchange)
        for status, body in zip(exchange.statuses, exchange.bodies, strict=True):
            if status == _OK:
                self.places.update(self.acknowledged(body))

    def _add_wrong(self, exchange: Exchange) -> None:
        if excuse := self.excuse(exchange):
            self.excused[excuse] += 1
        else:
            self.wrong.append(f"{exchange.fault or exchange.errors}: {exchange.sent!r}")

    def rows(self, held: AbstractSet[PlaceT], where: str) -> list[Row]:
        """Return the outcome as a benchmark's rows, against the places that the server holds."""
        missing = [place for place, times in self.places.items() if times > 1 or place not in held]
        return [
            Row("requests", self.count, ""),
            *(Row(f"answers with {status}", number, "") for status, number in sorted(self.statuses.items())),
            Row("not answered, or with a server error but 503", len(self.wrong), "", aim=0, better="lower"),
            *(Row(f"likewise, by {excuse}", number, "") for excuse, number in sorted(self.excused.items())),
            Row("records acknowledged", self.places.total(), ""),
            Row(f"of them not in {where}, or acknowledged twice", len(missing), "", aim=0, better="lower"),
            Row(
                f"in {where}, their answer cut off or not to be read",
                len(held - self.places.keys()),
                "",
            ),
        ]
