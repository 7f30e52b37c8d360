"""A headless Chromium, driven over WebDriver, that looks at Airflow's UI, JupyterLab, the dashboard, or others."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.wait import WebDriverWait

from bench.chromium import chromium

# A page takes 2 to 5 s on two idle cores, several times that beside a batch run.
TIMEOUT_SECONDS = 60.0
_GRAPH = "//button[contains(@title, 'Show Graph') or contains(@aria-label, 'Show Graph')]"


class Browser:
    """A browser with an empty profile of its own, for as long as it is entered."""

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._driver = self._open.enter_context(chromium())
        self._wait = WebDriverWait(self._driver, TIMEOUT_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def open_until(self, url: str, title: str) -> None:
        """A page; returns once it has this title."""
        self._driver.get(url)
        self._wait.until(until.title_is(title))

    def log_in(self, url: str, user: str, password: str) -> None:
        """As a person does: the start page leads to the form, and the form to the UI."""
        self._driver.get(url)
        self._wait.until(until.element_to_be_clickable((By.NAME, "username"))).send_keys(user)
        field = self._driver.find_element(By.NAME, "password")
        field.send_keys(password)
        field.submit()
        self._wait.until(until.invisibility_of_element_located((By.NAME, "password")))

    def open_graph(self, url: str) -> None:
        """A DAG's page, its graph instead of its grid; returns once the graph is drawn."""
        self._driver.get(url)
        self._wait.until(until.element_to_be_clickable((By.XPATH, _GRAPH))).click()
        self._wait.until(until.visibility_of_element_located((By.CLASS_NAME, "react-flow__node")))

    def run_notebook(self, url: str, kernel: str) -> None:
        """A notebook in JupyterLab, all cells of it; returns once they have been sent to the kernel."""
        self._driver.get(url)
        # Before its kernel is there, running a cell asks which one is meant.
        name = (By.CSS_SELECTOR, ".jp-Toolbar-kernelName")
        self._wait.until(until.text_to_be_present_in_element(name, kernel))
        for label in ("Run", "Run All Cells"):
            place = f"//*[contains(@class, '-itemLabel') and normalize-space()='{label}']"
            self._wait.until(until.element_to_be_clickable((By.XPATH, place))).click()

    def look_at(self, selector: str, seconds: float = TIMEOUT_SECONDS) -> str:
        """The last element that a CSS selector finds, scrolled to; returns its text once it is seen."""
        wait = WebDriverWait(self._driver, seconds)
        element = wait.until(until.presence_of_all_elements_located((By.CSS_SELECTOR, selector)))[-1]
        self._driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        return str(wait.until(until.visibility_of(element)).text)

    def open_until_seen(self, url: str, text: str) -> None:
        """A page; returns once it has this text."""
        self._driver.get(url)
        self.until_seen(text)

    def until_seen(self, text: str) -> None:
        """Wait until the page has this text."""
        self._wait.until(lambda _: text in self.text(), f"not seen: {text}")

    def until_gone(self, text: str) -> None:
        """Wait until the page does not have this text any more."""
        self._wait.until(lambda _: text not in self.text(), f"still there: {text}")

    def text(self) -> str:
        """The page's text, that of tables which are drawn included: these have it for screen readers."""
        return str(self._driver.execute_script("return document.body.textContent"))

    def count(self, selector: str) -> int:
        """Return how many elements a CSS selector finds."""
        return len(self._driver.find_elements(By.CSS_SELECTOR, selector))

    def resize(self, width: int, height: int) -> None:
        """Give the window a size in pixels."""
        self._driver.set_window_size(width, height)

    def nodes(self) -> list[str]:
        """The texts of the graph's nodes."""
        return [each.text for each in self._driver.find_elements(By.CLASS_NAME, "react-flow__node")]

    def keep_screenshot(self, file: Path) -> None:
        """Save what is seen now as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        assert self._driver.save_screenshot(str(file))
