"""Bound what all requests in flight hold together, so that overload is answered and memory stays bounded."""

from types import TracebackType

from services.rest_proxy.errors import ApiError, ErrorCode

# The queue drains within milliseconds when Kafka is well; a second is the least the header can say.
RETRY_AFTER_SECONDS = 1


class Budget:
    """Bytes and records held by the requests in flight.

    A request takes its share before it reads its body, and before any of its records is produced: it is
    accepted whole or refused whole.
    """

    def __init__(self, max_bytes: int, max_records: int) -> None:
        self.max_bytes = max_bytes
        self.max_records = max_records
        self.bytes = 0
        self.records = 0

    def share(self) -> "Share":
        """An empty share of this budget for one request; it is given back when its `with` block ends."""
        return Share(self)


class Share:
    """The share of a budget that one request holds."""

    __slots__ = ("_budget", "_bytes", "_records")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._bytes = 0
        self._records = 0

    def __enter__(self) -> "Share":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._budget.bytes -= self._bytes
        self._budget.records -= self._records

    def take_bytes(self, count: int) -> None:
        """Take `count` bytes more.

        Raises:
            ApiError: 50301, there are not that many left.
        """
        budget = self._budget
        if budget.bytes + count > budget.max_bytes:
            raise _overloaded(budget)
        budget.bytes += count
        self._bytes += count

    def take_records(self, count: int) -> None:
        """Take `count` records more.

        Raises:
            ApiError: 50301, there are not that many left.
        """
        budget = self._budget
        if budget.records + count > budget.max_records:
            raise _overloaded(budget)
        budget.records += count
        self._records += count


def _overloaded(budget: Budget) -> ApiError:
    held = f"{budget.records} records and {budget.bytes} bytes are in flight"
    return ApiError(ErrorCode.OVERLOADED, f"{held}; nothing of this request was written", RETRY_AFTER_SECONDS)
