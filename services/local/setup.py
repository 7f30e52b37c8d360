"""The whole set-up after the Python packages: `python -m services.local.setup`.

Fetches the servers, writes the secrets and archives Spark's classes; what is done already is left alone.
"""

import typer
from rich.console import Console
from rich.markup import escape

from services.common.progress import live_status
from services.common.settings import INSTALL_DIR, ROOT
from services.local import archive, dotenv
from services.local.install import InstallError, install


def main() -> None:
    """Set up, and say what was done; status 1 and the reason where it failed."""
    console = Console(stderr=True)
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
        console.print(f"[red]Set-up failed.[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    typer.run(main)
