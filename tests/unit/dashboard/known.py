"""A pipeline that works, as readings: tests say what is otherwise."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from common.settings import Settings
from dashboard.history import History
from dashboard.reading import Reading
from dashboard.readings.answers import Asked, Kept
from dashboard.readings.dag_runs import DagRun
from dashboard.readings.delta import Delta
from dashboard.readings.newest import Post
from dashboard.readings.quality import QualityData
from dashboard.readings.runs import Run
from dashboard.readings.scheduled import ScheduledRun
from dashboard.readings.state_files import Bucket, Sink, StreamQuery, Writer
from dashboard.readings.tables import Count, Tables
from dashboard.readings.topics import Topics
from dashboard.stages import Readings
from operations.query import Query, load_queries

PIN, GEO = ("id.pin", 0), ("id.geo", 0)
HOSTILE = (
    '<img src=x onerror=alert(1)> [link](javascript:1) :red[x] "]; }} \x1b[2J\u202e | ![i](http://e.org/x)'
)
"""Text that is markup somewhere: in HTML, in Markdown, in Streamlit's colours, in Graphviz, in a terminal."""


def at_work(at: float = 100.0, sent: int = 40, streamed: int = 10) -> Readings:
    """Return the readings of a time: 40 posts are sent, 30 of them landed, 20 of them cleaned, 12 streamed."""
    writer = Writer(
        None, {"speed": StreamQuery(waiting=2, seconds=0.5), "delta": StreamQuery(waiting=6, seconds=14.0)}
    )
    tables = Tables(
        counts={"batch.pin": Count(20), "speed.pin": Count(9), "speed.geo": Count(1_000_000, exact=False)},
        read={PIN: 20},
        last_run_seconds=7_300.0,
        sent=40,
        streamed=streamed,
    )
    return Readings(
        posts=Reading(50, None, at),
        aws=Reading(True, None, at),
        proxy=Reading(7, None, at),
        topics=Reading(Topics({PIN: sent, GEO: 0}, "id.pin"), None, at),
        sink=Reading(Sink(None, {PIN: 30, GEO: 0}), None, at),
        writer=Reading(writer, None, at),
        bucket=Reading(Bucket(), None, at),
        delta=Reading(
            Delta({("cleaned", "pin"): 20, ("streaming", "pin"): 5, ("streaming", "geo"): 3}), None, at
        ),
        tables=Reading(tables, None, at),
        airflow=Reading(None, None, at),
    )


def on_aws() -> Readings:
    """Return the readings of a pipeline whose bucket, streams and API are AWS's own."""
    return replace(at_work(), aws=Reading(False, None, 100.0), delta=Reading(None, None, 100.0))


def with_problem(readings: Readings, part: str, problem: str) -> Readings:
    """Return the readings with a part that could not be read, but for its last value."""
    failed = replace(getattr(readings, part), problem=problem)
    changes: dict[str, Any] = {part: failed}
    return replace(readings, **changes)


def unread() -> Readings:
    """Return the readings of before the first one."""
    return Readings(*(Reading() for _ in range(10)))


NO_POSTS: Reading[tuple[Post, ...]] = Reading(())
NOTHING_KEPT: Reading[Mapping[int, Kept]] = Reading({})
NO_DATA: Reading[QualityData] = Reading(QualityData())
NO_RUNS: Reading[tuple[Run, ...]] = Reading(())
NOTHING_SCHEDULED: Reading[tuple[ScheduledRun, ...]] = Reading(())
NO_DAG_RUNS: Reading[tuple[DagRun, ...]] = Reading(())


@dataclass
class KnownSources:
    """Sources of known readings."""

    settings: Settings
    readings: Readings = field(default_factory=at_work)
    posts: Reading[tuple[Post, ...]] = NO_POSTS
    history: History = field(default_factory=History)
    queries: Mapping[int, Query] = field(default_factory=load_queries)
    answers: Mapping[int, Reading[Asked]] = field(default_factory=dict)
    asking: Collection[int] = ()
    kept_answers: Reading[Mapping[int, Kept]] = NOTHING_KEPT
    data: Reading[QualityData] = NO_DATA
    batch_runs: Reading[tuple[Run, ...]] = NO_RUNS
    scheduled_runs: Reading[tuple[ScheduledRun, ...]] = NOTHING_SCHEDULED
    airflow_runs: Reading[tuple[DagRun, ...]] = NO_DAG_RUNS

    def flow(self) -> Readings:
        """Return the known readings."""
        return self.readings

    def newest(self) -> Reading[tuple[Post, ...]]:
        """Return the known posts."""
        return self.posts

    def answer(self, number: int) -> Reading[Asked]:
        """Return the known answer of a question."""
        return self.answers.get(number, Reading())

    def is_asking(self, number: int) -> bool:
        """Return whether the question is among those that are being asked."""
        return number in self.asking

    def kept(self) -> Reading[Mapping[int, Kept]]:
        """Return the known answers of the last scheduled run."""
        return self.kept_answers

    def quality(self) -> Reading[QualityData]:
        """Return what is known of quality."""
        return self.data

    def runs(self) -> Reading[tuple[Run, ...]]:
        """Return the known runs of the batch job."""
        return self.batch_runs

    def scheduled(self) -> Reading[tuple[ScheduledRun, ...]]:
        """Return what the known runs of Airflow's kept."""
        return self.scheduled_runs

    def dag_runs(self) -> Reading[tuple[DagRun, ...]]:
        """Return the known runs of Airflow's."""
        return self.airflow_runs
