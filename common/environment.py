"""The environment of our processes, composed here and nowhere else: what it does not name of the caller's stays out.

`python -I common/environment.py [--set-up] MODULE [ARGUMENT ...]` becomes `python -m MODULE` in it: -I keeps
the caller's PYTHONPATH and its like from this file too, so it takes nothing but the standard library. In a container
docker-compose.yml composes.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]

# Who and where the caller is, what the terminal can show, the programs that people like, the Docker engine.
_PASSED = {
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TERM", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "BROWSER", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"),
    *("SHELL", "EDITOR", "VISUAL", "PAGER", "LESS", "PSQL_PAGER", "PSQL_EDITOR"),
    *("MODE", "BASE_IMAGE", "REGISTRIES_FILE"),
}
_PASSED_PREFIXES = ("DOCKER_", "COMPOSE_", "PYTEST_")
# How this machine reaches package registries.
_SET_UP = {
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("JAVA_TOOL_OPTIONS", "NETRC", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
}
_SET_UP_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "npm_config_")

# Names a library that each process is to load: a drill's, which steps the clock of its stack (bench/drill/clock.py).
DRILL_CLOCK = "DRILL_CLOCK"
# Says that this has been done; a process that is started otherwise does it when it reads the settings.
MARK = "PIPELINE_ENVIRONMENT"
_OURS = {
    MARK: "composed",
    "PYTHONUTF8": "1",
    # One language and one order of text for every program.
    "LC_ALL": "C.UTF-8",
    # What runs here is never behind a proxy.
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


@cache
def setting_names() -> frozenset[str]:
    """The variables of the settings, as .env.example lists them: the class itself is not for this early an hour."""
    return frozenset(re.findall(r"^#([A-Z0-9_]+)=", (_ROOT / ".env.example").read_text(), re.M))


def composed(given: Mapping[str, str], *, without: Iterable[str] = ()) -> dict[str, str]:
    """Return what a process of ours gets of its caller's environment, the settings in it included."""
    names = (_PASSED | setting_names()) - {*without}
    kept = {
        name: value for name, value in given.items() if name in names or name.startswith(_PASSED_PREFIXES)
    }
    return kept | _OURS | _drill_clock(given)


def _drill_clock(given: Mapping[str, str]) -> dict[str, str]:
    return {DRILL_CLOCK: library, "LD_PRELOAD": library} if (library := given.get(DRILL_CLOCK)) else {}


def for_set_up(given: Mapping[str, str]) -> dict[str, str]:
    """The same, and what package managers go by."""
    found = {
        name: value for name, value in given.items() if name in _SET_UP or name.startswith(_SET_UP_PREFIXES)
    }
    return composed(given) | found


def main(words: list[str]) -> None:
    """Become the module in the environment that is composed for it."""
    setting_up = words[0] == "--set-up"
    variables = for_set_up(os.environ) if setting_up else composed(os.environ)
    command = [sys.executable, "-m", *words[setting_up:]]
    os.execve(command[0], command, variables)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
