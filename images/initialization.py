"""Share code between the entry points of the two databases' stand-ins.

That is the contract which both official images document: variables that may come from files, an account that is not
root, a data folder that is filled once, and a folder of scripts that are run then.
"""

import gzip
import lzma
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

SCRIPTS = Path("/docker-entrypoint-initdb.d")
_READERS: dict[str, Callable[[Path], bytes]] = {
    ".sql": Path.read_bytes,
    ".sql.gz": lambda path: gzip.decompress(path.read_bytes()),
    ".sql.xz": lambda path: lzma.decompress(path.read_bytes()),
}


def variable(name: str, default: str = "") -> str:
    """The variable's value, or the content of the file that <name>_FILE names.

    Raises:
        SystemExit: both are given.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value and file:
        raise SystemExit(f"{name} and {name}_FILE are both set; which is meant?")
    return value or (Path(file).read_text().rstrip("\n") if file else default)


def become(account: str, folders: Iterable[Path]) -> None:
    """As root, give `folders` to `account` and give up root for good; any other user stays who it is."""
    if os.geteuid() != 0:
        return
    entry = pwd.getpwnam(account)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir


def fill_once(data: Path, marker: str, fill: Callable[[Path], None]) -> None:
    """Have `fill` make the database in a draft folder and move it to `data`, unless one is there.

    The entry named `marker` is moved last, so that it tells a whole database from one whose making was interrupted,
    which is made again.

    Raises:
        SystemExit: `data` holds something else.
    """
    draft = data / ".draft"
    data.mkdir(parents=True, exist_ok=True)
    if not (data / marker).exists():
        _empty(data, only_if=draft.exists())
        draft.mkdir(mode=0o700)
        fill(draft)
        for entry in sorted(draft.iterdir(), key=lambda entry: entry.name == marker):
            entry.rename(data / entry.name)
    shutil.rmtree(draft, ignore_errors=True)


def _empty(data: Path, *, only_if: bool) -> None:
    entries = [entry for entry in data.iterdir() if entry.name != "lost+found"]
    if entries and not only_if:
        raise SystemExit(
            f"{data} is not empty and holds no database: {sorted(entry.name for entry in entries)}"
        )
    for entry in entries:
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def run_scripts(run_sql: Callable[[bytes], None], folder: Path = SCRIPTS) -> None:
    """Run the folder's scripts in the order of their names: SQL, packed or not, by `run_sql`; *.sh by a shell."""
    for path in sorted(folder.iterdir()):
        kind = next((suffix for suffix in _READERS if path.name.endswith(suffix)), None)
        if kind:
            print(f"running {path}", flush=True)
            run_sql(_READERS[kind](path))
        elif path.suffix == ".sh":
            print(f"running {path}", flush=True)
            # Called by a shell, which runs one without #! too.
            call = '"$0"' if os.access(path, os.X_OK) else '. "$0"'
            subprocess.run(["bash", "-c", call, path], check=True)
        else:
            print(f"ignoring {path}", flush=True)
