"""Generates the secrets into .env: `python -m services.local.dotenv`. What stands there is never changed."""

import os
import secrets
from pathlib import Path

import typer
from dotenv import dotenv_values

from services.common.settings import ROOT, Settings

_HEADER = "# Written by `make setup`. Settings of your own go here too; .env.example explains them all.\n"


def required() -> list[str]:
    """The variables that have no default: the secrets."""
    return [name.upper() for name, field in Settings.model_fields.items() if field.is_required()]


def write(path: Path) -> list[str]:
    """Add a generated value for each secret that `path` lacks; returns the names added.

    The file is readable by its owner alone (mode 0600).
    """
    present = dotenv_values(path) if path.exists() else {}
    missing = [name for name in required() if not present.get(name)]
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        path.write_text(_HEADER)
    path.chmod(0o600)
    if missing:
        text = path.read_text()
        separator = "" if text.endswith("\n") or not text else "\n"
        lines = (f"{name}={secrets.token_urlsafe(24)}\n" for name in missing)
        path.write_text(f"{text}{separator}{''.join(lines)}")
    return missing


def main() -> None:
    """Write .env and say what was added."""
    added = write(ROOT / ".env")
    if added:
        typer.echo(f"Generated {', '.join(added)} into .env.")


if __name__ == "__main__":
    typer.run(main)
