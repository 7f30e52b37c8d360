"""A headless Chromium, driven over WebDriver, for benchmarks and tests of pages."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

SIZE = (1600, 900)
# Nothing leaves this machine, and root may run it.
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    f"--window-size={SIZE[0]},{SIZE[1]}",
)


def missing() -> str:
    """Return why there can be no browser; empty where there can."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    needed = "install Debian's chromium and chromium-driver"
    return f"not on the PATH: {', '.join(lacking)} ({needed})" if lacking else ""


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Yield a browser with an empty profile of its own, which goes away with it."""
    profile = tempfile.mkdtemp(prefix="chromium-")
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(executable_path=str(shutil.which("chromedriver"))))
    try:
        yield driver
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)
