"""`dbutils.secrets`: values by scope and key. Whatever is read here is hidden in what the notebook shows."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from workspace.dbutils.errors import illegal
from workspace.dbutils.help import WithHelp
from workspace.dbutils.redaction import hide

SecretKeys = list["SecretMetadata"]
SecretScopes = list["SecretScope"]
Scopes = Mapping[str, Mapping[str, str]]


class SecretMetadata(NamedTuple):
    """A secret's name, without its value."""

    key: str


class SecretScope(NamedTuple):
    """A scope's name."""

    name: str


class Secrets(WithHelp):
    """Utilities for secrets: values that are kept out of notebooks."""

    def __init__(self, given: Scopes, folder: Path) -> None:
        """Read scopes from settings and from files.

        Args:
            given: the values by scope and key.
            folder: `<scope>/<key>` in it is a file with a value, which wins over a given one.
        """
        self._given = given
        self._folder = folder

    def get(self, scope: str, key: str) -> str:
        """Return the secret's value as text."""
        return self.getBytes(scope, key).decode()

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802
        """Return the secret's value as bytes."""
        value = self._values(scope).get(key)
        if value is None:
            raise illegal(
                "secrets.get", f"Secret does not exist with scope: {scope} and key: {key}. {self._known()}"
            )
        hide(value.decode(errors="replace").strip())
        return value

    def list(self, scope: str) -> SecretKeys:
        """Return the keys of a scope."""
        if SecretScope(scope) not in self.listScopes():
            raise illegal("secrets.list", f"Secret scope {scope} does not exist. {self._known()}")
        return [SecretMetadata(key) for key in sorted(self._values(scope))]

    def listScopes(self) -> SecretScopes:  # noqa: N802
        """Return all scopes."""
        folders = {each.name for each in self._folder.glob("*") if each.is_dir()}
        return [SecretScope(name) for name in sorted(self._given.keys() | folders)]

    def _values(self, scope: str) -> dict[str, bytes]:
        given = {key: value.encode() for key, value in self._given.get(scope, {}).items()}
        # By the names in the folder: a scope such as `..` is none.
        files = (file for file in self._folder.glob("*/*") if file.parent.name == scope and file.is_file())
        return given | {file.name: file.read_bytes().removesuffix(b"\n") for file in files}

    def _known(self) -> str:
        known = (
            f"{scope.name}/{key}" for scope in self.listScopes() for key in sorted(self._values(scope.name))
        )
        return (
            f"There are: {', '.join(known) or 'none'}. A file {self._folder}/<scope>/<key> makes another one."
        )
