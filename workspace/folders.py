"""Name where the workspace keeps what lasts: the state folder, which `make clean` removes, and the bucket."""

from pathlib import Path

from common.settings import Settings


def dbfs_root(settings: Settings) -> Path:
    """Return the folder that is `dbfs:/`, the mounts apart."""
    return settings.state_dir / "workspace" / "dbfs"


def mounts_file(settings: Settings) -> Path:
    """Return the file of the mounts; it holds their keys."""
    return settings.state_dir / "workspace" / "mounts.json"


WAREHOUSE = "/user/hive/warehouse"
"""The folder of DBFS that shows the tables; they are in the bucket, where each executor of a cluster finds them."""


def warehouse_key(name: str = "") -> str:
    """Return the key in the bucket of a table's folder, or of the folder of all tables."""
    return f"warehouse/{name}"


def own_folder(path: Path) -> Path:
    """Make a folder that only this account reads, if it is missing."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def notebooks_folder(settings: Settings) -> Path:
    """Return the folder of the notebooks that the Jobs API runs: the user's, or one of the state folder."""
    return settings.notebook.dir or settings.state_dir / "workspace" / "notebooks"


def set_link(link: Path, target: Path | None) -> None:
    """Have the link lead to the target, or be gone; what is no link is the user's, and stays."""
    if link.is_symlink():
        link.unlink()
    if target and not link.exists():
        link.symlink_to(target)


def jobs_folder(settings: Settings) -> Path:
    """Return the folder of the Jobs API's runs, with what their notebooks printed."""
    return settings.state_dir / "workspace" / "jobs"


def secrets_folder(settings: Settings) -> Path:
    """Return the folder of secrets: `<scope>/<key>` in it is a file with a value."""
    return settings.state_dir / "workspace" / "secrets"
