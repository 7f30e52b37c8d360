"""Read the settings of this process, and say what is wrong with them."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from common import environment
from common.settings.paths import ROOT
from common.settings.root import SHARED, VARIABLES, Settings
from common.settings.withheld import Withheld

SERVICE = "PIPELINE_SERVICE"
"""The variable that names the service of docker-compose.yml that a process is: it gets its own secrets, and no .env."""


@cache
def load_settings() -> Settings:
    """The settings of this process; a wrong one ends it with status 2 and a line that says what to set."""
    service = os.environ.get(SERVICE)
    try:
        settings = _of_service(service) if service else read_settings(ROOT / ".env")
    except ValidationError as error:
        # rich, which services have no use for otherwise, only where there is something to print.
        from common.terminal import complain  # noqa: PLC0415

        complain(explain(error))
        raise SystemExit(2) from None
    _compose_environment(settings)
    return settings


def read_settings(env_file: Path) -> Settings:
    """Return the settings that the environment has, and `env_file` where the environment says nothing.

    Raises:
        pydantic.ValidationError: values are missing or not of their type (see `explain`).
    """
    return Settings.from_variables(_settings_in(dotenv_values(env_file)) | _settings_in(os.environ))


def _of_service(service: str) -> Settings:
    """Return the settings of a service: there is a stand-in for each secret that the environment does not have."""
    secrets = [
        variable.name for variable in VARIABLES.values() if variable.is_secret and variable.is_required
    ]
    withheld = {name: Withheld(name, service) for name in secrets}
    return Settings.from_variables({**withheld, **_settings_in(os.environ)})


def _settings_in(given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the variables that are settings, whose names may be in lower case."""
    named = {name.upper(): text for name, text in given.items() if text is not None}
    return {name: text for name, text in named.items() if name in VARIABLES}


def _compose_environment(settings: Settings) -> None:
    """Set what this process's libraries and children find in the environment."""
    if environment.MARK not in os.environ:
        kept = environment.composed(os.environ)
        os.environ.clear()
        os.environ.update(kept)
    for name in SHARED:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    values = settings.environment()
    os.environ.update({name: values[name] for name in SHARED & values.keys()})


def explain(error: ValidationError) -> str:
    """One line per wrong or missing variable: its name, what is expected, what was given."""
    # Defaults that could not be made for want of a wrong value are not worth a line of their own.
    problems = [dict(each) for each in error.errors() if each["type"] != "default_factory_not_called"]
    return "\n".join(map(_explain_one, problems))


def _explain_one(problem: dict[str, object]) -> str:
    path = problem["loc"]
    variable = next((each for each in VARIABLES.values() if each.path == path), None)
    expected = str(problem["msg"]).removeprefix("Value error, ")  # pydantic's, before what our validators say
    if variable is None:  # of two groups, by a validator that names the variable
        return f"{expected}. Correct it in .env."
    if problem["type"] == "missing":
        return f"{variable.name} is not set. Run `make setup`, which writes it into .env."
    given = "" if variable.is_secret else f" (it is {problem['input']!r})"
    return f"{variable.name}: {expected}{given}. Correct it in .env."
