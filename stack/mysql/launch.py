"""Start MySQL in local mode: `python -m stack.mysql.launch mysqld [server flags]`.

The flags are docker-compose.yml's `command`. The server is unpacked at set-up by stack.local.install.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from common.settings import INSTALL_DIR, LOOPBACK, Settings, load_settings
from stack.local.install import mysql_problem
from stack.os_user import (
    become_server,
    copy_for_server,
    give_to_server,
    make_server_folder,
    server_home,
)


def program(settings: Settings) -> Path:
    """The unpacked server; as root a copy that the server's account can reach."""
    return copy_for_server([INSTALL_DIR / "mysql"], server_home(settings) / "mysql" / "program") / "mysql"


def data_folder(settings: Settings) -> Path:
    """Return where the databases live."""
    return server_home(settings) / "mysql" / "data"


def initialize(server: list[str], data: Path) -> None:
    """Make the system tables where there are none; half-made ones are made again."""
    if data.exists():
        return
    draft = make_server_folder(_empty(data.with_name("data.draft")))
    command = [*server, "--initialize-insecure", f"--datadir={draft}"]
    subprocess.run(command, check=True, preexec_fn=become_server, cwd="/")
    draft.rename(data)


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def write_init_file(settings: Settings) -> Path:
    """The statements run at each start: root's password, and root over TCP as the official image has it."""
    password = settings.mysql.root_password.get_secret_value().replace("\\", "\\\\").replace("'", "\\'")
    statements = [
        f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';",
        f"CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '{password}';",
        f"ALTER USER 'root'@'%' IDENTIFIED BY '{password}';",
        "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;",
    ]
    path = data_folder(settings).with_name("init.sql")
    path.touch(mode=0o600)
    path.write_text("\n".join(statements) + "\n")
    give_to_server(path)
    return path


def main(flags: list[str]) -> None:
    """Replace this process with the server."""
    if problem := mysql_problem():
        raise SystemExit(f"{problem}. It runs in containers: `make up MODE=compose`.")
    settings = load_settings()
    data = data_folder(settings)
    make_server_folder(data.parent)
    home = program(settings)
    server = [str(home / "bin" / "mysqld"), "--no-defaults", f"--basedir={home}"]
    initialize(server, data)
    init_file = write_init_file(settings)
    become_server()
    os.chdir("/")
    place = [f"--datadir={data}", f"--init-file={init_file}", f"--pid-file={data}/mysqld.pid"]
    # No socket file (its path has a length limit) and no X protocol: TCP on loopback is all that is used.
    listen = [f"--bind-address={LOOPBACK}", f"--port={settings.mysql.port}", "--socket=", "--mysqlx=OFF"]
    os.execv(server[0], [*server, *place, *listen, *flags])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[2:])
