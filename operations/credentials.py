"""Write the files from which the course's emulators read where this stack is: `make credentials`.

Each public emulator has a form of its own; all of them are here, so that one folder serves whichever a user brings
(docs/originals.md says which reads which).
"""

import os
from pathlib import Path
from typing import Annotated

import typer
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from common.api import ApiNotFoundError, invoke_url
from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import complain, make_console


def main(
    folder: Annotated[Path, typer.Argument(help="Where to write them; made if it is missing.")],
    force: Annotated[bool, typer.Option(help="Overwrite what is there.")] = False,
) -> None:
    """Write the files, for this account alone; what is there already is refused by name."""
    settings = load_settings()
    try:
        files = contents(settings, invoke_url(settings), folder)
    except (ApiNotFoundError, BotoCoreError, ClientError) as error:
        complain(f"No invoke URL: {error}")
        raise typer.Exit(1) from None
    try:
        write(folder, files, force=force)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}. FORCE=1 overwrites, TO=... names another folder.")
        raise typer.Exit(1) from None
    make_console().print(f"Wrote {', '.join(files)} into {folder}.", highlight=False, soft_wrap=True)


def contents(settings: Settings, url: str, folder: Path) -> dict[str, str]:
    """Return the text of each file by its name."""
    mysql = settings.mysql
    database = {
        "HOST": mysql.host,
        "USER": "pinterest",
        "PASSWORD": mysql.password.get_secret_value(),
        "DATABASE": "pinterest_data",
        "PORT": mysql.port,
    }
    creds = yaml.safe_dump(database, sort_keys=False)
    base, _, stage = url.rpartition("/")
    path = (folder / "db_creds.yaml").resolve()
    variables = {f"RDS{name}": value for name, value in database.items()} | {
        "invoke_URL": base,
        "deployment_stage": stage,
        "iam_username": settings.user_id,
        "creds_path": path,
        "credentials_env": path,
    }
    return {
        "db_creds.yaml": creds,
        "api_gateway_config.yaml": yaml.safe_dump({"api_gateway_invoke_url": url}),
        # Read whole, its end included: no newline.
        "invoke-url.txt": url,
        ".env": "".join(f"{name}={value}\n" for name, value in variables.items()),
    }


def write(folder: Path, files: dict[str, str], *, force: bool) -> None:
    """Write the files, none of them if one is there already.

    Raises:
        FileExistsError: one is, and `force` is not set.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if present := [folder / name for name in files if (folder / name).exists() and not force]:
        raise FileExistsError(17, "it is there already", str(present[0]))
    for name, text in files.items():
        file = os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            os.fchmod(file, 0o600)
            stream.write(text)


if __name__ == "__main__":
    run_command(main, "make credentials", usage="TO=folder FORCE=1")
