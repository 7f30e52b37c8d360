"""Share the readings between all viewers: ten of them cost one reading, and where nobody looks nothing is read."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from common.settings import Settings
from dashboard.history import History
from dashboard.reading import SILENCE_SECONDS, Reading, Shared
from dashboard.readings import (
    answers,
    dag_runs,
    delta,
    http,
    newest,
    quality,
    runs,
    scheduled,
    source,
    state_files,
    tables,
    topics,
)
from dashboard.stages import Readings
from operations.query import Query, load_queries

T = TypeVar("T")

# A page is drawn each 2 s.
_LIVE = 2.0
# What changes less often, or costs more: the source's rows, the logs of six Delta tables.
_SLOW = 10.0
# An answer reads whole tables; a reading rests nine times as long as it took besides.
_ANSWERS = 30.0
# The first look waits for the quick ones; what has not answered by then is shown at the next.
_FIRST_LOOK_SECONDS = 1.5
# More than there are sources: one that hangs keeps no other waiting.
_THREADS = 20


class Sources(Protocol):
    """All that the pages show."""

    @property
    def settings(self) -> Settings:
        """Return the settings of this process."""

    @property
    def history(self) -> History:
        """Return what was read before."""

    def flow(self) -> Readings:
        """Return what was last read of each part of the pipeline."""

    def newest(self) -> Reading[tuple[newest.Post, ...]]:
        """Return the posts that the speed path has served last."""

    @property
    def queries(self) -> Mapping[int, Query]:
        """Return the nine questions, by number."""

    def answer(self, number: int) -> Reading[answers.Asked]:
        """Return the last answer to a question, and have it asked again where that is long ago."""

    def is_asking(self, number: int) -> bool:
        """Return whether the question is being asked now."""

    def kept(self) -> Reading[Mapping[int, answers.Kept]]:
        """Return the answers that the last scheduled run kept, by the questions' numbers."""

    def quality(self) -> Reading[quality.QualityData]:
        """Return what is known of the data's quality."""

    def runs(self) -> Reading[tuple[runs.Run, ...]]:
        """Return the newest runs of the batch job."""

    def scheduled(self) -> Reading[tuple[scheduled.ScheduledRun, ...]]:
        """Return what the newest runs of Airflow's that passed kept in Postgres."""

    def dag_runs(self) -> Reading[tuple[dag_runs.DagRun, ...]]:
        """Return the newest runs of Airflow's, as Airflow has them."""


class SharedSources:
    """The real ones."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.history = History()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="reading")
        self._posts = self._shared(source.read_posts, _SLOW)
        self._aws = self._shared(http.read_aws, _LIVE)
        self._proxy = self._shared(http.read_proxy, _LIVE)
        self._topics = self._shared(topics.read_topics, _LIVE)
        self._sink = self._shared(state_files.read_sink, _LIVE)
        self._writer = self._shared(state_files.read_writer, _LIVE)
        self._bucket = self._shared(state_files.read_bucket, _LIVE)
        self._delta = self._shared(delta.read_delta, _SLOW)
        self._tables = self._shared(tables.read_tables, _LIVE)
        self._airflow = self._shared(http.read_airflow, _SLOW)
        self._newest = self._shared(newest.read_newest, _LIVE)
        self.queries: Mapping[int, Query] = load_queries()
        self._answers = {
            number: self._shared(partial(answers.ask, query), _ANSWERS, answers.SECONDS + SILENCE_SECONDS)
            for number, query in self.queries.items()
        }
        self._kept: Shared[Mapping[int, answers.Kept]] = self._shared(answers.read_kept, _SLOW)
        self._quality = self._shared(quality.read_quality, _SLOW)
        self._runs = self._shared(runs.read_runs, _SLOW)
        self._scheduled = self._shared(scheduled.read_scheduled, _SLOW)
        self._dag_runs = self._shared(dag_runs.DagRunReader().read, _SLOW, dag_runs.SECONDS)

    def _shared(
        self, read: Callable[[Settings], T], period: float, silence: float = SILENCE_SECONDS
    ) -> Shared[T]:
        return Shared(partial(read, self.settings), period, self._pool, silence=silence)

    def flow(self) -> Readings:
        """Have all read at once, then take what there is."""
        for each in (
            self._sink,
            self._writer,
            self._bucket,
            self._topics,
            self._tables,
            self._aws,
            self._proxy,
        ):
            each.begin()
        patience = _countdown(_FIRST_LOOK_SECONDS)
        return Readings(
            posts=self._posts.latest(),
            airflow=self._airflow.latest(),
            delta=self._delta.latest(),
            sink=self._sink.latest(patience()),
            writer=self._writer.latest(patience()),
            bucket=self._bucket.latest(patience()),
            topics=self._topics.latest(patience()),
            tables=self._tables.latest(patience()),
            aws=self._aws.latest(patience()),
            proxy=self._proxy.latest(patience()),
        )

    def newest(self) -> Reading[tuple[newest.Post, ...]]:
        """Return the posts that the speed path has served last."""
        return self._newest.latest(_FIRST_LOOK_SECONDS)

    def answer(self, number: int) -> Reading[answers.Asked]:
        """Return the last answer to a question, and have it asked again where that is long ago."""
        return self._answers[number].latest(_FIRST_LOOK_SECONDS)

    def is_asking(self, number: int) -> bool:
        """Return whether the question is being asked now."""
        return self._answers[number].is_under_way

    def kept(self) -> Reading[Mapping[int, answers.Kept]]:
        """Return the answers that the last scheduled run kept, by the questions' numbers."""
        return self._kept.latest(_FIRST_LOOK_SECONDS)

    def quality(self) -> Reading[quality.QualityData]:
        """Return what is known of the data's quality."""
        return self._quality.latest(_FIRST_LOOK_SECONDS)

    def runs(self) -> Reading[tuple[runs.Run, ...]]:
        """Return the newest runs of the batch job; what else that page shows is read meanwhile."""
        self._scheduled.begin()
        self._dag_runs.begin()
        return self._runs.latest(_FIRST_LOOK_SECONDS)

    def scheduled(self) -> Reading[tuple[scheduled.ScheduledRun, ...]]:
        """Return what the newest runs of Airflow's that passed kept in Postgres."""
        return self._scheduled.latest(_FIRST_LOOK_SECONDS)

    def dag_runs(self) -> Reading[tuple[dag_runs.DagRun, ...]]:
        """Return the newest runs of Airflow's, as Airflow has them."""
        return self._dag_runs.latest(_FIRST_LOOK_SECONDS)


def _countdown(seconds: float) -> Callable[[], float]:
    """Return a clock that says how much of these seconds is left."""
    until = time.monotonic() + seconds
    return lambda: max(0.0, until - time.monotonic())
