"""The files .env, which gets generated secrets, and .env.example, which explains every setting.

`python -m stack.dotenv` prints the latter, made from the settings class.
"""

import base64
import os
import secrets
import sys
from io import StringIO
from itertools import groupby
from pathlib import Path

from dotenv import dotenv_values

from common.settings import ROOT, VARIABLES, Settings, Variable

_HEADER = "# Written by `make setup`. Settings of your own go here too; .env.example explains them all.\n"

_ABOUT = (
    "# Every setting, with its default. Copy a line into .env, without the #, to change it.",
    "# For `make` alone .env may have MODE=local (processes of this machine) or MODE=compose (containers) too.",
)


def required() -> list[str]:
    """The variables that have no default: the secrets, and the id of Kafka's cluster."""
    return [variable.name for variable in VARIABLES.values() if variable.is_required]


def generated() -> dict[str, str]:
    """Return a value for each of them: fresh secrets."""
    return {name: _generated(name) for name in required()}


def _generated(name: str) -> str:
    """A value for the variable: one of the kind that its reader asks for."""
    return _SPECIAL.get(name, _password)()


def _password() -> str:
    """16 random bytes in base64, as Kafka writes a cluster id; never with a dash first, which looks like an option."""
    return next(text for text in iter(lambda: secrets.token_urlsafe(16), "") if text[0].isalnum())


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_SPECIAL = {"AIRFLOW_JWT_SECRET": lambda: secrets.token_urlsafe(64), "AIRFLOW_FERNET_KEY": _fernet_key}


def lacking(text: str) -> tuple[list[str], str]:
    """The secrets that the text of a .env does not have, by name, and what to append to it: a generated value each."""
    present = dotenv_values(stream=StringIO(text))
    names = [name for name in required() if not present.get(name)]
    start = "" if text.endswith("\n") else "\n" if text else _HEADER
    return names, start + "".join(f"{name}={_generated(name)}\n" for name in names) if names else ""


def write(path: Path) -> list[str]:
    """Add a generated value for each secret that `path` lacks; returns the names added.

    The file is readable by its owner alone (mode 0600).
    """
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)
    text = path.read_text()
    names, lines = lacking(text)
    if names:
        path.write_text(f"{text}{lines}")
    return names


def example() -> str:
    """The text of .env.example: each variable with its explanation and its default, by group."""
    lines = [*_ABOUT]
    defaults = _defaults()
    for about, variables in groupby(VARIABLES.values(), key=_group):
        lines += ["", *([f"## {about}"] if about else [])]
        for variable in variables:
            lines += [
                f"# {variable.field.description}",
                f"#{variable.name}={defaults.get(variable.name, '')}",
            ]
    return "\n".join(lines) + "\n"


def _group(variable: Variable) -> str:
    """Return what the variable's group is about; empty for the general settings."""
    if len(variable.path) == 1:
        return ""
    group = Settings.model_fields[variable.path[0]].annotation
    return (group.__doc__ or "").splitlines()[0]


def _defaults() -> dict[str, str]:
    """The default of each variable that has one that is not empty, paths as seen from the checkout."""
    secret = generated()
    found = Settings.from_variables(secret).environment()
    return {name: text.removeprefix(f"{ROOT}/") for name, text in found.items() if name not in secret}


if __name__ == "__main__":
    sys.stdout.write(example())
