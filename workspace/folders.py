"""Where the workspace keeps what lasts: below the state folder, so `make clean` removes it."""

from pathlib import Path

from common.settings import Settings


def dbfs_root(settings: Settings) -> Path:
    """Return the folder that is `dbfs:/`, the mounts apart."""
    return settings.state_dir / "workspace" / "dbfs"


def mounts_file(settings: Settings) -> Path:
    """Return the file of the mounts; it holds their keys."""
    return settings.state_dir / "workspace" / "mounts.json"


def own_folder(path: Path) -> Path:
    """Make a folder that only this account reads, if it is missing."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def secrets_folder(settings: Settings) -> Path:
    """Return the folder of secrets: `<scope>/<key>` in it is a file with a value."""
    return settings.state_dir / "workspace" / "secrets"
