"""Validate and convert settings beyond their types: the validators of `common.settings`."""

import configparser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationInfo

ROOT = Path(__file__).resolve().parents[1]
PROFILES = ("stream", "airflow", "batch")  # those of docker-compose.yml that have services, not commands


def absolute(path: Path) -> Path:
    """A relative path in .env is meant from the checkout, wherever the command is run."""
    return path if path.is_absolute() else ROOT / path


def own_folder(path: Path) -> Path:
    """The stack fills this folder and `make clean` empties it, so it must not be one that holds the checkout."""
    if ROOT.is_relative_to(path):
        raise ValueError("should be a folder of its own, not the checkout or one above it")
    return path


def known_profiles(text: str) -> str:
    """Compose itself takes an unknown one without a word, and starts less than was meant."""
    if text and not {*text.split(",")} <= {*PROFILES}:
        raise ValueError(f"should be empty, or some of {', '.join(PROFILES)}, with commas between them")
    return text


def none_if_empty(value: object) -> object:
    """`SOURCE_DIR=` in .env means that it is not set."""
    return value or None


def without_slash(url: str) -> str:
    """A path is appended to an address, so it ends without a slash."""
    return url.rstrip("/")


def aws_profiles(data: dict[str, Any]) -> set[str]:
    """Those of the files in which AWS's own tools look."""
    found: set[str] = set()
    for name, default in (("aws_config_file", "config"), ("aws_shared_credentials_file", "credentials")):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read(data.get(name) or Path("~/.aws").expanduser() / default)
        found |= {section.removeprefix("profile ") for section in parser.sections()}
    return found


def for_aws(value: str, info: ValidationInfo) -> str:
    """Drop what a shell may have set for AWS's own tools: it has no effect on LocalStack."""
    return "" if info.data.get("aws_endpoint_url") else value


def for_https(value: str, info: ValidationInfo) -> str:
    """Only what is on AWS itself is asked by HTTPS."""
    return value if str(info.data.get("api_url")).startswith("https:") else for_aws(value, info)


def for_cluster(value: str, info: ValidationInfo) -> str:
    """Drop what a shell may have set for another Spark: it has no effect on this process's own."""
    return "" if str(info.data.get("spark_master")).startswith("local") else value


def known_profile(name: str, info: ValidationInfo) -> str:
    """AWS's own tools end in a traceback."""
    if name and name not in (known := aws_profiles(info.data)):
        known_ones = ", ".join(sorted(known)) or "none"
        raise ValueError(f"should be a profile of AWS's configuration files, which have: {known_ones}")
    return name


def both_keys_or_none(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    """Half a pair of keys would be used by one library and ignored by another."""
    if bool(secret.get_secret_value()) != bool(info.data.get("aws_access_key_id")):
        raise ValueError("should be set together with AWS_ACCESS_KEY_ID, or neither of them")
    return secret


def locally(value: str) -> Callable[[dict[str, Any]], str]:
    """A default that holds for LocalStack; for AWS itself it is empty."""
    return lambda data: value if data.get("aws_endpoint_url") else ""
