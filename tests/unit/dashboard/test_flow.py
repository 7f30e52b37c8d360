"""Test what the readings make of the picture: counts, what waits, what is down and what to do."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard.flow import Flow, draw
from dashboard.history import History
from dashboard.reading import Reading
from dashboard.readings.state_files import Bucket, Sink, StreamQuery, Writer
from dashboard.stages import Readings
from dashboard.status import State, Status
from tests.unit.dashboard.known import GEO, PIN, at_work, on_aws, unread, with_problem

ALL = "stream,airflow"


def flow(readings: Readings, profiles: str = ALL) -> Flow:
    return draw(readings, History(), profiles)


def counts(drawn: Flow) -> dict[str, str]:
    return {box.name: box.count for box in drawn.boxes}


def waiting(drawn: Flow) -> dict[tuple[str, str], str]:
    return {(arrow.name, arrow.end): arrow.waiting for arrow in drawn.arrows}


def reasons(drawn: Flow, state: State) -> dict[str, Status]:
    return {name: status for status, names in drawn.troubles(state).items() for name in names}


def test_each_box_has_what_it_holds() -> None:
    assert counts(flow(at_work())) == {
        "MySQL source": "50 posts",
        "API Gateway": "50 records",  # 40 of the topics, and 10 of the streams, which the writer has read
        "Kafka topics": "40 records",
        "Kinesis streams": "10 records",
        "Landing zone (S3)": "30 records",
        "Delta, batch": "20 rows",
        "Postgres, batch": "20 rows",
        "Delta, speed": "8 rows",
        "Postgres, speed": "about 1,000,009 rows",
    }


def test_each_arrow_has_what_waits_for_it() -> None:
    assert waiting(flow(at_work())) == {
        ("emulator", "API Gateway"): "10 not sent",
        ("REST proxy", "Kafka topics"): "7 in flight",
        ("PutRecords", "Kinesis streams"): "",
        ("S3 sink", "Landing zone (S3)"): "10 waiting",
        ("batch job", "Delta, batch"): "10 waiting, last run 2 h ago",
        ("batch job", "Postgres, batch"): "",
        ("writer: delta", "Delta, speed"): "6 waiting, 14 s",
        ("writer: speed", "Postgres, speed"): "2 waiting, 0.5 s",
    }


def test_all_is_up_where_all_is_well() -> None:
    drawn = flow(at_work())
    assert {state for state in State if drawn.troubles(state)} == {State.UP}
    assert not drawn.is_empty


def test_before_the_first_reading_nothing_is_known_and_nothing_is_down() -> None:
    drawn = flow(unread())
    assert set(counts(drawn).values()) == {"?"}
    assert drawn.troubles(State.DOWN) == {}
    assert not drawn.is_empty


def test_rates_are_of_the_last_seconds_and_go_with_the_service() -> None:
    history = History()
    draw(at_work(at=100.0, sent=40), history, ALL)
    later = at_work(at=102.0, sent=140)
    rates = {box.name: box.rate for box in draw(later, history, ALL).boxes}
    assert (rates["Kafka topics"], rates["API Gateway"], rates["Delta, batch"]) == ("50/s", "50/s", "0/s")
    down = replace(later, topics=replace(later.topics, problem="no broker"))
    assert {box.name: box.rate for box in draw(down, history, ALL).boxes}["Kafka topics"] == ""


def test_a_count_of_the_streams_is_of_one_moment_whatever_the_writer_last_said() -> None:
    history, seen = History(), []
    # The writer's file is older than what Postgres says: what waited then has been read since.
    for at, read, waited in (
        (100.0, 0, 600),
        (102.0, 1_200, 2_400),
        (104.0, 3_600, 2_400),
        (106.0, 3_600, 0),
    ):
        readings = replace(at_work(at, streamed=read), writer=Reading(writer_with(waited), None, at - 4.0))
        seen.append(counts(draw(readings, history, ALL)))
    assert [each["Kinesis streams"] for each in seen] == [
        *("0 records", "1,200 records", "3,600 records", "3,600 records"),
    ]
    assert [each["API Gateway"] for each in seen] == [
        *("40 records", "1,240 records", "3,640 records", "3,640 records"),
    ]


def writer_with(waiting: int) -> Writer:
    return Writer(None, {"speed": StreamQuery(waiting=waiting, seconds=1.0)})


DOWN = [
    ("posts", "MySQL source", "mysql"),
    ("topics", "Kafka topics", "kafka"),
    ("proxy", "REST proxy", "rest-proxy"),
    ("sink", "S3 sink", "s3-sink"),
    ("tables", "Postgres, batch", "postgres"),
    ("writer", "writer: speed", "streaming-writer"),
    ("airflow", "batch job", "airflow-scheduler"),
    ("aws", "Kinesis streams", "localstack"),
    ("bucket", "Landing zone (S3)", "provision"),
    ("delta", "Delta, speed", "localstack"),
]


@pytest.mark.parametrize(("part", "shown", "service"), DOWN)
def test_what_cannot_be_read_is_down_with_its_last_count_and_a_command(
    part: str, shown: str, service: str
) -> None:
    known = at_work()
    drawn = flow(with_problem(known, part, "refused"))
    status = reasons(drawn, State.DOWN)[shown]
    assert (status.reason, "`make up`" in status.remedy) == ("refused", True)
    assert f"`make logs SERVICE={service}`" in status.remedy
    assert counts(drawn) == counts(flow(known))


@pytest.mark.parametrize(
    ("part", "said", "shown"),
    [
        ("sink", Sink("id.pin[0] does not land", {PIN: 30, GEO: 0}), "S3 sink"),
        ("writer", Writer("query speed: ended"), "writer: delta"),
        ("bucket", Bucket("LocalStack has lost the REST API"), "Delta, batch"),
    ],
)
def test_a_service_that_names_a_problem_is_down(part: str, said: Sink | Writer | Bucket, shown: str) -> None:
    changes: dict[str, Any] = {part: Reading(said, None, 100.0)}
    drawn = flow(replace(at_work(), **changes))
    assert reasons(drawn, State.DOWN)[shown].reason == said.problem


def test_of_a_silent_sink_nothing_is_known() -> None:
    silent = Sink("it has not written its state for 12 s")
    drawn = flow(replace(at_work(), sink=Reading(silent, None, 100.0)))
    assert counts(drawn)["Landing zone (S3)"] == "?"
    assert waiting(drawn)["S3 sink", "Landing zone (S3)"] == "?"
    assert waiting(drawn)["batch job", "Delta, batch"] == "?"


def test_one_query_of_the_writer_may_be_down_alone() -> None:
    writer = Writer(
        None, {"speed": StreamQuery(problem="out of memory"), "delta": StreamQuery(waiting=0, seconds=0.0)}
    )
    drawn = flow(replace(at_work(), writer=Reading(writer, None, 100.0)))
    assert {name: status.reason for name, status in reasons(drawn, State.DOWN).items()} == {
        "writer: speed": "out of memory"
    }


def test_what_is_left_out_is_off_and_not_down() -> None:
    silent = Writer("it has not written its state yet")
    readings = replace(
        at_work(), writer=Reading(silent, None, 100.0), airflow=Reading(None, "connection refused", 100.0)
    )
    drawn = flow(readings, profiles="")
    assert drawn.troubles(State.DOWN) == {}
    remedies = {name: status.remedy for name, status in reasons(drawn, State.OFF).items()}
    assert remedies == {
        "batch job": "`make batch` runs it.",
        "writer: delta": "`make stream` starts it.",
        "writer: speed": "`make stream` starts it.",
    }


def test_what_is_of_aws_itself_is_not_asked_and_not_down() -> None:
    history = History()
    drawn = draw(on_aws(), history, ALL)
    assert drawn.troubles(State.DOWN) == {}
    [(status, names)] = drawn.troubles(State.UNASKED).items()
    assert (names, "no key" in status.remedy) == (
        ["API Gateway", "Kinesis streams", "Landing zone (S3)", "Delta, batch", "Delta, speed", "PutRecords"],
        True,
    )
    shown = counts(drawn)
    assert (shown["Delta, batch"], shown["Landing zone (S3)"]) == (
        "?",
        "30 records",
    )  # the sink says of the latter
    later = replace(on_aws(), sink=Reading(Sink(None, {PIN: 40, GEO: 0}), None, 102.0))
    assert {box.name: box.rate for box in draw(later, history, ALL).boxes}["Landing zone (S3)"] == "5/s"


def test_a_bucket_of_aws_that_provisioning_lacks_is_down() -> None:
    drawn = flow(replace(on_aws(), bucket=Reading(Bucket("no such bucket"), None, 100.0)))
    assert reasons(drawn, State.DOWN)["Landing zone (S3)"].reason == "no such bucket"
    assert "API Gateway" in reasons(drawn, State.UNASKED)


def test_everything_may_be_down_at_once() -> None:
    nothing = Readings(*(Reading(None, "connection refused") for _ in range(10)))
    drawn = flow(nothing)
    states = {arrow.status.state for arrow in drawn.arrows if arrow.name != "emulator"}
    assert states | {box.status.state for box in drawn.boxes} == {State.DOWN}
    assert set(counts(drawn).values()) == {"?"}


def test_one_cause_is_one_trouble() -> None:
    drawn = flow(with_problem(at_work(), "tables", "refused"))
    assert [*drawn.troubles(State.DOWN).values()] == [["Postgres, batch", "Postgres, speed"]]


def test_a_pipeline_without_records_is_empty() -> None:
    empty = at_work(sent=0, streamed=0)
    assert flow(replace(empty, writer=Reading(Writer(), None, 100.0))).is_empty
    assert not flow(replace(empty, writer=Reading(writer_with(2), None, 100.0))).is_empty
