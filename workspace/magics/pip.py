"""%pip: shows what is installed; what would change it is refused, since all notebooks and jobs share it."""

import shlex
from importlib.metadata import PackageNotFoundError, distributions, version

from packaging.requirements import InvalidRequirement, Requirement

from workspace.magics import MagicError

_ADVICE = "All notebooks and jobs share these packages, so a notebook cannot change them."


def run_pip(text: str) -> None:
    """Do what a %pip line asks for, as far as it changes nothing.

    Raises:
        MagicError: it would install, upgrade or remove something.
    """
    command, *words = shlex.split(text, comments=True) or ["list"]
    if command in {"list", "freeze"}:
        print("\n".join(_installed()))
    elif command == "show":
        print("\n".join(f"{name} {_version(name) or 'is not installed'}" for name in words))
    elif command == "install":
        _check_installed(words)
    else:
        raise MagicError(f"%pip {command} is not done here. {_ADVICE}")


def _check_installed(words: list[str]) -> None:
    """Print what of a %pip install is there already.

    Raises:
        MagicError: something is not, or in a version that does not do.
    """
    options = [
        word for word in words if word.startswith("-") and word not in {"-q", "--quiet", "-U", "--upgrade"}
    ]
    if options:
        raise MagicError(f"%pip install {options[0]} is not done here. {_ADVICE}")
    missing = [problem for word in words if not word.startswith("-") if (problem := _problem(word))]
    if missing:
        raise MagicError(f"%pip install: {'; '.join(missing)}. {_ADVICE}")
    there = ", ".join(f"{_name(word)} {_version(_name(word))}" for word in words if not word.startswith("-"))
    print(f"Installed already: {there}.")


def _problem(word: str) -> str:
    """Return why a requirement is not met, or an empty text."""
    try:
        wanted = Requirement(word)
    except InvalidRequirement:
        return f"{word} is not the name of a package"
    found = _version(wanted.name)
    if found is None:
        return f"{wanted.name} is not installed"
    return (
        ""
        if wanted.specifier.contains(found, prereleases=True)
        else f"{wanted.name} {found} is installed, not {word}"
    )


def _name(word: str) -> str:
    return Requirement(word).name


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _installed() -> list[str]:
    return sorted(f"{each.metadata['Name']}=={each.version}" for each in distributions())
