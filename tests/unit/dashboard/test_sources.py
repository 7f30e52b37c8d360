"""Test the real readings of a stack that is not there: each is a problem, none an error, and a page is shown."""

from dataclasses import fields

import pytest

from common.settings import Settings
from common.wait import wait_until
from dashboard.pages import live
from dashboard.reading import Reading
from dashboard.readings.delta import read_delta
from dashboard.readings.http import read_aws
from dashboard.sources import SharedSources
from dashboard.stages import Readings
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import KnownSources
from tests.unit.dashboard.pages.page import run, texts


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ports at which nothing listens."""
    return make_settings(tmp_path_factory.mktemp("nothing"))


def problems(readings: Readings) -> dict[str, str]:
    """By part, why it could not be read, or what it says itself."""
    found: dict[str, Reading[object]] = {each.name: getattr(readings, each.name) for each in fields(readings)}
    told = {name: each.problem or getattr(each.value, "problem", None) for name, each in found.items()}
    return {name: problem for name, problem in told.items() if problem}


def test_every_service_may_be_dead(settings: Settings) -> None:
    sources = SharedSources(settings)
    # Each gives up within the seconds of its own time-out, more on a busy machine.
    dead = wait_until(
        lambda: found if len(found := problems(sources.flow())) == len(fields(Readings)) else None,
        timeout=60,
        what="all readings to fail",
    )
    assert dead is not None
    assert "it has not written its state yet" in dead["sink"]
    app = run(live, KnownSources(settings, sources.flow()))
    assert all("`make up`" in error for error in texts(app, "error"))


def test_what_a_dead_server_holds_is_a_problem_and_no_error(settings: Settings) -> None:
    sources = SharedSources(settings)
    reads = (
        sources.newest,
        sources.quality,
        sources.runs,
        sources.scheduled,
        sources.dag_runs,
        sources.kept,
        lambda: sources.answer(1),
    )
    for read in reads:
        problem = wait_until(lambda read=read: read().problem, timeout=60, what="the reading to fail")  # type: ignore[misc]
        assert "Connection refused" in str(problem)
    assert not sources.is_asking(1)


def test_aws_itself_is_not_asked(settings: Settings) -> None:
    """A request would take seconds to fail, and cost money where it does not."""
    aws = settings.replace(AWS_ENDPOINT_URL="", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert read_aws(aws) is False
    assert read_delta(aws) is None
