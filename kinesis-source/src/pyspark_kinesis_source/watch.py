"""The streams of a query: whether they are still those of its offset, and what to do where they are not."""

import logging
import time
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .errors import DataLossError, OptionError
from .offsets import Offset, StreamOffset, lost_shards, new_stream, with_ready
from .options import Options
from .streams import StreamView, look_at

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)


class Watch:
    """The streams' descriptions, asked of Kinesis again and again.

    losses: how often records may have been lost, where that is no error.
    """

    def __init__(self, client: "KinesisClient", options: Options, pool: Executor) -> None:
        self.client, self.options, self.pool = client, options, pool
        self.views: dict[str, StreamView] = {}
        self.losses = 0
        self._looked = float("-inf")

    def look(self, *, unless_fresh: bool = False) -> None:
        """Look at all streams; `unless_fresh`: not if that was less than shardFetchInterval ago.

        Raises:
            DataLossError: a stream does not exist.
        """
        if unless_fresh and time.monotonic() - self._looked < self.options.look_seconds:
            return
        look = partial(look_at, self.client, retries=self.options.client_retries)
        self.views = dict(zip(self.options.streams, self.pool.map(look, self.options.streams), strict=True))
        self._looked = time.monotonic()

    def finds_new_stream(self) -> bool:
        """Look at all streams; whether one of them was made since the last look."""
        before = {name: view.created for name, view in self.views.items()}
        self.look()
        return before != {name: view.created for name, view in self.views.items()}

    def lose(self, what: str) -> None:
        """Records are lost: that is an error, or with failOnDataLoss false a warning that is counted.

        Raises:
            DataLossError: unless failOnDataLoss is false.
        """
        if self.options.fail_on_data_loss:
            raise DataLossError(
                f"{what}. Start anew with another checkpoint, or set failOnDataLoss to false to go on with what is left"
            )
        self.losses += 1
        log.warning("Kinesis: records may be lost: %s", what)

    def rebased(self, start: Offset) -> dict[str, StreamOffset]:
        """The offset, brought in line with the streams as they are now."""
        for name in start.keys() - self.views.keys():
            log.warning("Kinesis: stream %s is in the checkpoint, but no more in the options", name)
        return {name: self._rebased(name, view, start.get(name)) for name, view in self.views.items()}

    def _rebased(self, name: str, view: StreamView, known: StreamOffset | None) -> StreamOffset:
        if known is None:
            return new_stream(view.created, self._initial(view), view.parents, view.now())
        if known.created != view.created:
            self.lose(f"stream {name} was deleted and created again; the checkpoint is of the deleted one")
            return new_stream(view.created, 0, view.parents, view.now())
        lost = lost_shards(known.shards, view.parents)
        if not lost:
            return known
        self.lose(f"stream {name} has no more the shards {', '.join(lost)}, which were not read to their end")
        kept = {shard: position for shard, position in known.shards.items() if shard not in lost}
        return replace(known, shards=with_ready(kept, view.parents, view.now()))

    def _initial(self, view: StreamView) -> int:
        """Return where a stream starts, in milliseconds since 1970; 0 for its oldest record."""
        if self.options.initial_position == "latest":
            return view.now()
        if self.options.at_millis > view.now():
            raise OptionError("option initialPosition: expected an at_timestamp in the past")
        return self.options.at_millis
