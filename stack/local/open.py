"""Print the addresses of the UIs, and open one where there is a browser: `python -m stack.local.open`."""

import os
import webbrowser
from dataclasses import dataclass
from typing import Annotated

import typer

from common import health
from common.airflow import ui_url
from common.command import run_command
from common.profiles import is_enabled
from common.settings import LOOPBACK, Settings, load_settings
from common.terminal import make_console


@dataclass(frozen=True)
class Page:
    """A page, or an API: its name, its service and the Compose profile of that, its address and how to log in."""

    name: str
    service: str
    profile: str
    url: str
    login: str = ""


def pages(settings: Settings) -> list[Page]:
    """Return all there may be, the one to open first at the head."""
    user = f"user {settings.airflow.user}, AIRFLOW_PASSWORD in .env"
    jobs = f"http://{LOOPBACK}:{settings.jobs_api.port}"
    return [
        Page("Dashboard", "dashboard", "dashboard", settings.dashboard.page_url),
        Page("Airflow", "airflow-apiserver", "airflow", ui_url(settings), user),
        Page("JupyterLab", "notebook", "notebook", settings.notebook.page_url, "NOTEBOOK_TOKEN in .env"),
        Page("Jobs API", "jobs", "notebook", jobs, "JOBS_API_TOKEN in .env"),
        Page("REST proxy", "rest-proxy", "", settings.rest_proxy.docs_url),
    ]


def is_chosen(page: Page, settings: Settings) -> bool:
    """Return whether COMPOSE_PROFILES chooses the page's service."""
    return is_enabled([page.profile] if page.profile else [], settings.compose_profiles)


def shown(settings: Settings) -> dict[Page, bool]:
    """Return the pages that COMPOSE_PROFILES chooses or that answer all the same, and whether they do."""
    found = {page: health.problem(page.service, settings) is None for page in pages(settings)}
    return {page: well for page, well in found.items() if well or is_chosen(page, settings)}


def main(
    ask: Annotated[bool, typer.Option(help="Ask each service whether it is there.")] = True,
) -> None:
    """Print where to look, with what password, and what is down."""
    settings, console = load_settings(), make_console()
    chosen = (page for page in pages(settings) if is_chosen(page, settings))
    found = shown(settings) if ask else dict.fromkeys(chosen, True)
    for page, well in found.items():
        line = "  ".join(filter(None, (f"{page.name:10}", page.url, page.login, "" if well else "(down)")))
        console.print(line, soft_wrap=True, highlight=False)
    if not all(found.values()):
        console.print("`make up` starts what is down; `make status` says more.", highlight=False)
    first, well = next(iter(found.items()))
    if well:
        open_page(first.url)


def open_page(url: str) -> None:
    """Open a page where there is a browser."""
    # Without a display a browser of the terminal would take it over.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


if __name__ == "__main__":
    run_command(main, "make open")
