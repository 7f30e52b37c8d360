"""The types that fields of several groups have."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from common.settings.paths import ROOT

LOOPBACK = "127.0.0.1"


def absolute(path: Path) -> Path:
    """A relative path in .env is meant from the checkout, wherever the command is run."""
    return ROOT / path


def without_slash(url: str) -> str:
    """A path is appended to an address, so it ends without a slash."""
    return url.rstrip("/")


def none_if_empty(value: object) -> object:
    """`SOURCE_DIR=` in .env means that it is not set."""
    return value or None


Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
ProjectPath = Annotated[Path, AfterValidator(absolute)]
OptionalPath = Annotated[ProjectPath | None, BeforeValidator(none_if_empty)]
Address = Annotated[str, Field(pattern=r"^(https?://\S+)?$"), AfterValidator(without_slash)]
