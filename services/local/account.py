"""The account and the folder of servers that refuse to run as root (Postgres, MySQL)."""

import hashlib
import os
import pwd
import shutil
from pathlib import Path
from typing import NamedTuple

from services.common.settings import Settings

# As root: outside of the checkout, whose parents other accounts often cannot enter (/root, a mktemp folder).
_ROOTS_HOME = Path("/var/lib/pinterest-pipeline")
_UNPRIVILEGED = "nobody"


class Identity(NamedTuple):
    """A user and a group, by number."""

    uid: int
    gid: int


def server_identity() -> Identity:
    """Who such a server runs as: this account, or `nobody` where this account is root."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid())
    account = pwd.getpwnam(_UNPRIVILEGED)
    return Identity(account.pw_uid, account.pw_gid)


def server_home(settings: Settings) -> Path:
    """The folder of such a server's program and data: STATE_DIR, or as root one that `nobody` can reach."""
    if os.geteuid() != 0:
        return settings.state_dir
    digest = hashlib.sha256(str(settings.state_dir).encode()).hexdigest()[:12]
    return _ROOTS_HOME / digest


def make_server_folder(path: Path) -> Path:
    """Create `path`, owned by the server's account, its parents open to pass through. Returns it."""
    path.mkdir(parents=True, exist_ok=True)
    give_to_server(path)
    return path


def give_to_server(path: Path) -> None:
    """Make the server's account the owner of `path`."""
    identity = server_identity()
    os.chown(path, identity.uid, identity.gid)


def become_server() -> None:
    """Give up root in this process, for good, where it is root."""
    if os.geteuid() != 0:
        return
    identity = server_identity()
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)


def remove_server_home(settings: Settings) -> None:
    """Remove what root keeps outside of the checkout."""
    if os.geteuid() == 0:
        shutil.rmtree(server_home(settings), ignore_errors=True)
