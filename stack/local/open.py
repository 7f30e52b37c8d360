"""Print the addresses of the UIs, and open Airflow's where there is a browser: `python -m stack.local.open`."""

import os
import webbrowser

from common.airflow import ui_url
from common.command import run_command
from common.settings import LOOPBACK, load_settings
from common.terminal import make_console


def main() -> None:
    """Print where to look, and with what password."""
    settings, console = load_settings(), make_console()
    console.print(f"Airflow     {ui_url(settings)}  user {settings.airflow.user}, AIRFLOW_PASSWORD in .env")
    console.print(f"REST proxy  http://{LOOPBACK}:{settings.rest_proxy.port}/docs")
    open_page(ui_url(settings))


def open_page(url: str) -> None:
    """Open a page where there is a browser."""
    # Without a display a browser of the terminal would take it over.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


if __name__ == "__main__":
    run_command(main, "make open")
