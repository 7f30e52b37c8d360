"""Test the page Live on known readings."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from dashboard.charts import RED
from dashboard.pages import live
from dashboard.reading import Reading
from dashboard.readings.newest import Post
from dashboard.readings.state_files import Bucket, Writer
from dashboard.readings.topics import Record, Topics
from dashboard.stages import Readings
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE, PIN, KnownSources, at_work, on_aws, unread, with_problem
from tests.unit.dashboard.pages.page import marked_up, run, specs, texts


def picture(app: AppTest) -> str:
    [dot] = specs(app, "graphviz_chart")
    return dot


def test_it_draws_the_flow_and_the_newest_posts_of_both_paths(tmp_path: Path) -> None:
    record = Record(0, 25, 1_767_323_045.0, b'{"index": 7, "title": "T", "category": "art"}')
    known = replace(at_work(), topics=Reading(Topics({PIN: 40}, "id.pin", (record,)), None, 100.0))
    posts = (Post(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 8, "S", "art", in_batch=False),)
    app = run(live, KnownSources(make_settings(tmp_path), known, Reading(posts)))
    assert r"Kafka topics\n40 records" in picture(app)
    batch, speed = (frame.value.to_dict("records") for frame in app.dataframe)
    assert [(row["post"], row["is in"]) for row in batch] == [("7", "landing zone")]
    assert [(row["post"], row["is in"]) for row in speed] == [("8", "speed tables")]
    assert texts(app, "error") == texts(app, "info") == []


def test_what_is_down_is_red_and_says_what_to_do(tmp_path: Path) -> None:
    readings = with_problem(at_work(), "topics", "no broker")
    app = run(live, KnownSources(make_settings(tmp_path), readings))
    assert RED in picture(app)
    [error] = texts(app, "error")
    assert error.startswith("**Kafka topics** is down. `make up` starts what has stopped")
    assert texts(app, "text") == ["no broker"]


def test_one_cause_is_said_once(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path), with_problem(at_work(), "tables", "refused")))
    [error] = texts(app, "error")
    assert error.startswith("**Postgres, batch, Postgres, speed** are down.")


def test_what_is_left_out_is_off(tmp_path: Path) -> None:
    readings = with_problem(at_work(), "airflow", "refused")
    app = run(live, KnownSources(make_settings(tmp_path, COMPOSE_PROFILES="stream"), readings))
    assert texts(app, "error") == []
    assert texts(app, "info") == ["**batch job** is off. `make batch` runs it."]


def test_what_is_of_aws_itself_is_grey_and_says_why(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path), on_aws()))
    assert r"Delta, batch\n?\nnot asked" in picture(app)
    assert RED not in picture(app)
    [info] = texts(app, "info")
    assert info.endswith(
        "are not asked. AWS itself has that, and the dashboard has no key to it (docs/dashboard.md)."
    )


def test_everything_may_be_down(tmp_path: Path) -> None:
    nothing = Readings(*(Reading(None, "connection refused") for _ in range(10)))
    app = run(live, KnownSources(make_settings(tmp_path), nothing))
    assert picture(app).count(r"\ndown") == 9 + 7
    assert all("`make up`" in error for error in texts(app, "error"))


def test_before_the_first_reading_nothing_is_red(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path), unread()))
    assert RED not in picture(app)
    assert texts(app, "error") == []


def test_an_empty_stack_says_how_to_go_on(tmp_path: Path) -> None:
    empty = replace(at_work(sent=0, streamed=0), writer=Reading(Writer(), None, 100.0))
    app = run(live, KnownSources(make_settings(tmp_path), empty))
    assert texts(app, "info") == ["Nothing has been sent yet. `make emulate` sends the posts."]
    assert [caption[:9] for caption in texts(app, "caption")][1:] == ["None yet."] * 2


def test_a_lost_bucket_is_told(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path), lost("waits for `x`, *y*\nand :red[z]")))
    assert texts(app, "warning") == [
        "The bucket was lost, since LocalStack keeps S3 in memory. Rebuild of the batch path's Delta tables:"
        r" ``waits for `x`, *y*\nand :red[z]``."
    ]
    assert texts(app, "success") == texts(app, "text") == []


def test_a_bucket_that_is_rebuilt_is_green(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path), lost("done at 03:04:05 UTC")))
    [success] = texts(app, "success")
    assert success.endswith("Delta tables: `done at 03:04:05 UTC`.")
    assert texts(app, "warning") == []


def lost(rebuild: str) -> Readings:
    return replace(at_work(), bucket=Reading(Bucket(None, rebuild), None, 100.0))


def test_what_is_counted_is_said_under_the_picture(tmp_path: Path) -> None:
    app = run(live, KnownSources(make_settings(tmp_path)))
    assert any("a post is three of them, one for each table" in text for text in texts(app, "caption"))


def test_text_from_outside_is_shown_as_text(tmp_path: Path) -> None:
    record = Record(0, 25, None, HOSTILE.encode())
    readings = with_problem(at_work(), "tables", HOSTILE)
    readings = replace(readings, topics=Reading(Topics({PIN: 40}, "id.pin", (record,)), None, 100.0))
    posts = (Post(datetime(2026, 1, 2, tzinfo=UTC), 8, HOSTILE, HOSTILE, in_batch=False),)
    app = run(live, KnownSources(make_settings(tmp_path), readings, Reading(posts)))
    assert not any("onerror" in text for text in marked_up(app))
    frames = [str(frame.value.to_dict()) for frame in app.dataframe]
    assert all("onerror" in text for text in (*frames, *texts(app, "text")))
    assert not {"\x1b", "\u202e"} & set("".join([*frames, *texts(app, "text")]))
