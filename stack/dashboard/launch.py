"""Become the dashboard's server: `python -m stack.dashboard.launch`."""

from importlib import import_module

from streamlit import net_util
from streamlit.web.cli import main as streamlit

from common.hosts import names
from common.settings import LOOPBACK, ROOT, Settings, load_settings

APP = ROOT / "dashboard" / "app.py"

# What the pages import takes 2 s and 60 MB, and the first look would wait for it. pandas, which Streamlit imports for
# the first table, takes 40 MB for 0.4 s, and stays away until somebody looks.
_PRELOADED = (
    "dashboard.sources",
    *(f"dashboard.pages.{name}" for name in ("live", "answers", "quality", "runs")),
)


def options(settings: Settings) -> dict[str, str]:
    """Return what Streamlit's server is told; a configuration file of the account's own changes none of it."""
    return {
        "server.address": settings.dashboard.host,
        "server.port": str(settings.dashboard.port),
        "server.baseUrlPath": "",
        "server.headless": "true",  # it neither opens a browser nor asks for an e-mail address
        "server.fileWatcherType": "none",
        # What keeps pages of other sites out.
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.enableStaticServing": "false",
        "server.enableAgentApi": "false",
        "browser.serverAddress": "localhost",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        # Streamlit's own CSV has cells that a spreadsheet takes for formulas; the pages' own button writes them out.
        "client.disableDataExport": "true",
    }


def hosts(settings: Settings) -> list[str]:
    """Return the names by which it may be called: another site's page makes its own name mean this machine."""
    own = names(settings.allowed_hosts)
    return ["localhost", LOOPBACK, *(f"*{name}" if name.startswith(".") else name for name in own)]


def arguments(settings: Settings) -> list[str]:
    """Return the words of `streamlit run`."""
    told = [*options(settings).items(), *(("server.allowedHosts", host) for host in hosts(settings))]
    return ["run", str(APP), *(f"--{name}={value}" for name, value in told)]


def main() -> None:
    """Serve, until a signal."""
    # Else, at a connection from another site's page, it asks the internet for this machine's address, to compare.
    net_util.get_external_ip = lambda: None
    for name in _PRELOADED:
        import_module(name)
    streamlit(arguments(load_settings()))


if __name__ == "__main__":
    main()
