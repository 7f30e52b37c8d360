"""Secrets that a service is not given."""

from pydantic import SecretStr

_STAND_IN = "withheld" * 8  # as long as the longest has to be


class Withheld(SecretStr):
    """A secret that docker-compose.yml does not give to this service."""

    def __init__(self, name: str, service: str) -> None:
        super().__init__(_STAND_IN)
        self._reason = f"{name} is not among the secrets of {service}: docker-compose.yml says which it gets"

    def get_secret_value(self) -> str:
        """Raise PermissionError: whoever asks for it runs in the wrong service."""
        raise PermissionError(self._reason)
