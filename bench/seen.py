"""The outcome of requests with changed bytes: how they were answered, and what was acknowledged."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bench.raw_http import Exchange
from bench.report import Row

_UNAVAILABLE = 503
_SERVER_ERROR = 500
_OK = 200

PlaceT = TypeVar("PlaceT", bound=Hashable)


@dataclass
class Seen(Generic[PlaceT]):
    """The outcome of all requests so far.

    Attributes:
        acknowledged: yields the places that a body of status 200 acknowledges.
        count: how many requests.
        statuses: how many answers had each status.
        places: of each record that was acknowledged, how often.
        wrong: the requests that were not answered as they have to be, and how.
    """

    acknowledged: Callable[[bytes], Iterable[PlaceT]]
    count: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    places: Counter[PlaceT] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        """Count an exchange."""
        self.count += 1
        self.statuses.update(exchange.statuses)
        errors = [each for each in exchange.statuses if each >= _SERVER_ERROR and each != _UNAVAILABLE]
        if exchange.fault or errors:
            self.wrong.append(f"{exchange.fault or errors}: {exchange.sent!r}")
        for status, body in zip(exchange.statuses, exchange.bodies, strict=True):
            if status == _OK:
                self.places.update(self.acknowledged(body))

    def rows(self, held: AbstractSet[PlaceT], where: str, faults: int | None = 0) -> list[Row]:
        """Return the outcome as a benchmark's rows, against the places that the server holds.

        Args:
            faults: how many wrong answers are aimed at; None where the server is not ours.
        """
        missing = [place for place, times in self.places.items() if times > 1 or place not in held]
        return [
            Row("requests", self.count, ""),
            *(Row(f"answers with {status}", number, "") for status, number in sorted(self.statuses.items())),
            Row(
                "not answered, or with a server error but 503",
                len(self.wrong),
                "",
                aim=faults,
                better="lower",
            ),
            Row("records acknowledged", self.places.total(), ""),
            Row(f"of them not in {where}, or acknowledged twice", len(missing), "", aim=0, better="lower"),
            Row(
                f"in {where}, their answer cut off or not to be read",
                len(held - self.places.keys()),
                "",
            ),
        ]
