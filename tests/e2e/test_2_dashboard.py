"""The dashboard in a browser: pages are seen, a sent post appears, what is down is red and says what to do."""

from collections.abc import Iterator

import httpx
import pytest

from bench.chromium import missing
from common import health
from common.settings import Settings
from common.wait import wait_until
from stack.local import supervision
from tests.e2e import stages
from tests.e2e.browser import TIMEOUT_SECONDS, Browser
from tests.e2e.conftest import ARTEFACTS, TEST_SECONDS
from tests.make import Make

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]
seen_in_a_browser = pytest.mark.skipif(bool(missing()), reason=missing())

# Each by the path of its address, and a text that is there once the page has its data.
PAGES = {
    "": "Newest posts, speed path",
    "answers": "Rows behind the answer",
    "quality": "Batch path, hop by hop",
    "runs": "Airflow's runs",
}
EXCEPTION = "[data-testid=stException]"
DOWN = "REST proxy is down"
# That of README.md: its text is to be read at the width that a README has.
PICTURE = (1280, 940)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@seen_in_a_browser
@pytest.mark.parametrize(("path", "text"), PAGES.items())
def test_each_page_is_seen(browser: Browser, stack: Settings, path: str, text: str) -> None:
    browser.open_until_seen(f"{stack.dashboard.page_url}/{path}", text)
    browser.keep_screenshot(ARTEFACTS / f"dashboard-{path or 'live'}.png")
    assert browser.count(EXCEPTION) == 0


@seen_in_a_browser
def test_airflows_own_account_of_its_runs_is_seen(browser: Browser, stack: Settings) -> None:
    """Of the run that `make demo` started: its tasks, which Airflow alone knows of."""
    browser.open_until_seen(f"{stack.dashboard.page_url}/runs", "clean_and_publish")
    assert "manual__" in browser.text()
    assert "Airflow does not answer" not in browser.text()
    assert browser.count(EXCEPTION) == 0


@seen_in_a_browser
def test_a_post_that_is_sent_appears(browser: Browser, make: Make, stack: Settings) -> None:
    title = stages.source_rows(stack, "pin")[0]["title"]
    browser.open_until_seen(stack.dashboard.page_url, PAGES[""])
    assert title not in browser.text()
    make("emulate", "ARGS=batch --limit 1")
    browser.until_seen(title)
    browser.until_gone("not read yet")
    browser.resize(*PICTURE)
    browser.until_seen(title)
    browser.keep_screenshot(ARTEFACTS / "dashboard.png")
    assert browser.count(EXCEPTION) == 0


@seen_in_a_browser
def test_what_is_down_is_red_and_says_what_to_do(browser: Browser, stack: Settings) -> None:
    browser.open_until_seen(stack.dashboard.page_url, PAGES[""])
    assert DOWN not in browser.text()
    supervision.server(stack).stopProcess("rest-proxy")
    try:
        browser.until_seen(DOWN)
        browser.keep_screenshot(ARTEFACTS / "dashboard-down.png")
        assert "make up" in browser.text().partition(DOWN)[2]
        assert browser.count("[data-testid=stAlertContentError]")
    finally:
        supervision.start_service(stack, "rest-proxy")
    wait_until(
        lambda: health.problem("rest-proxy", stack) is None, timeout=TIMEOUT_SECONDS, what="the REST proxy"
    )
    browser.until_gone(DOWN)
    assert browser.count(EXCEPTION) == 0


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost", "localhost", 101),
        ("localhost", "evil.example", 403),
        ("evil.example", "evil.example", 403),  # a name that its owner has made mean this machine
    ],
)
def test_a_page_of_another_site_gets_no_connection(
    stack: Settings, host: str, origin: str, status: int
) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Host": f"{host}:{stack.dashboard.port}",
        "Origin": f"http://{origin}:{stack.dashboard.port}",
    }
    with httpx.stream("GET", f"{stack.dashboard.page_url}/_stcore/stream", headers=headers) as answer:
        assert answer.status_code == status
