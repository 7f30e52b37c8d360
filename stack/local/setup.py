"""The whole set-up after the Python packages: `python -m stack.local.setup`.

Fetches the servers, writes the secrets and archives Spark's classes; what is done already is left alone.
"""

from common.command import run_command
from common.progress import live_status
from common.settings import INSTALL_DIR, ROOT
from common.terminal import complain, make_console
from stack import dotenv
from stack.local import archive
from stack.local.install import InstallError, install


def main() -> None:
    """Set up, and say what was done; status 1 and the reason where it failed."""
    console = make_console(stderr=True)
    try:
        if done := install(INSTALL_DIR):
            console.print(f"Installed {', '.join(done)} into {INSTALL_DIR.name}/.")
        if added := dotenv.write(ROOT / ".env"):
            console.print(f"Generated {', '.join(added)} into .env.")
        if not archive.is_current():
            with live_status(console, "Archiving Spark's classes, for quicker starts ..."):
                archive.make()
            console.print("Archived Spark's classes.")
    except InstallError as error:
        complain(f"Set-up failed. {error}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    run_command(main, "make setup")
