"""Print the addresses of the UIs, and open one where there is a browser: `python -m stack.local.open`."""

import os
import webbrowser

from common.airflow import ui_url
from common.command import run_command
from common.profiles import is_enabled
from common.settings import LOOPBACK, Settings, load_settings
from common.terminal import make_console


def addresses(settings: Settings) -> dict[str, str]:
    """Return the address of each UI that COMPOSE_PROFILES chooses, the one to open first."""
    chosen = settings.compose_profiles
    return {
        **({"Dashboard": settings.dashboard.page_url} if is_enabled(["dashboard"], chosen) else {}),
        **({"Airflow": ui_url(settings)} if is_enabled(["airflow"], chosen) else {}),
        "REST proxy": f"http://{LOOPBACK}:{settings.rest_proxy.port}/docs",
    }


def main() -> None:
    """Print where to look, and with what password."""
    settings, console = load_settings(), make_console()
    found = addresses(settings)
    logins = {"Airflow": f"  user {settings.airflow.user}, AIRFLOW_PASSWORD in .env"}
    for name, url in found.items():
        console.print(f"{name:10}  {url}{logins.get(name, '')}", soft_wrap=True, highlight=False)
    open_page(next(iter(found.values())))


def open_page(url: str) -> None:
    """Open a page where there is a browser."""
    # Without a display a browser of the terminal would take it over.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


if __name__ == "__main__":
    run_command(main, "make open")
