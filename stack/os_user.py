"""The account and the folder of servers that refuse to run as root (Postgres, MySQL)."""

import hashlib
import os
import pwd
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from common.settings import Settings

# As root: outside of the checkout, whose parents other accounts often cannot enter (/root, a mktemp folder).
_ROOTS_HOME = Path("/var/lib/pinterest-pipeline")
_UNPRIVILEGED = "nobody"


class Identity(NamedTuple):
    """A user and a group, by number."""

    uid: int
    gid: int


def server_identity() -> Identity:
    """Return who such a server runs as: this account, or `nobody` where this account is root."""
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
    """Create `path` for the server's account alone, the parents that are new open to pass through. Returns it."""
    missing = [parent for parent in path.parents if not parent.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for parent in missing:
        parent.chmod(0o711)
    give_to_server(path)
    path.chmod(0o700)
    return path


def copy_for_server(folders: Iterable[Path], target: Path) -> Path:
    """As root, copy a program's folders below `target`, for the server's account; a new version replaces the old.

    Returns:
        where the folders are: `target`, or where they were if this account runs the server itself.
    """
    originals = list(folders)
    if os.geteuid() != 0:
        return originals[0].parent
    version = "\n".join(f"{one} {one.stat().st_mtime_ns}" for one in originals)
    marker = target / "version"
    if not marker.exists() or marker.read_text() != version:
        shutil.rmtree(target, ignore_errors=True)
        for one in originals:
            shutil.copytree(one, target / one.name, symlinks=True)
        for path in (target, *target.rglob("*")):
            give_to_server(path)
        marker.write_text(version)
    return target


def give_to_server(path: Path) -> None:
    """Make the server's account the owner of `path`."""
    identity = server_identity()
    os.chown(path, identity.uid, identity.gid, follow_symlinks=False)


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
