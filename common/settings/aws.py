"""The settings of AWS, or of LocalStack in its place: the account, API Gateway, Kinesis."""

import configparser
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from common.settings.group import Group
from common.settings.types import Address, Positive


def aws_profiles(data: dict[str, Any]) -> set[str]:
    """Return the profiles in the files in which AWS's own tools look."""
    found: set[str] = set()
    for name, default in (("config_file", "config"), ("shared_credentials_file", "credentials")):
        sections = _sections(data.get(name) or Path("~/.aws").expanduser() / default)
        found |= {section.removeprefix("profile ") for section in sections}
    return found


def _sections(file: str | Path) -> list[str]:
    """Return the names of a configuration file's sections; none if there is no such file."""
    parser = configparser.ConfigParser()
    try:
        parser.read(file)
    except (configparser.Error, UnicodeDecodeError) as error:
        # Without the error's text, which has lines of the file, and these may be keys.
        raise ValueError(
            f"should be a profile of AWS's configuration files, but {file} is none: {type(error).__name__}"
        ) from None
    return parser.sections()


def for_aws(value: str, info: ValidationInfo) -> str:
    """Drop what a shell may have set for AWS's own tools: it has no effect on LocalStack."""
    return "" if info.data.get("endpoint_url") else value


def known_profile(name: str, info: ValidationInfo) -> str:
    """AWS's own tools end in a traceback."""
    if name and name not in (known := aws_profiles(info.data)):
        known_ones = ", ".join(sorted(known)) or "none"
        raise ValueError(f"should be a profile of AWS's configuration files, which have: {known_ones}")
    return name


def both_keys_or_none(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    """Half a pair of keys would be used by one library and ignored by another."""
    if bool(secret.get_secret_value()) != bool(info.data.get("access_key_id")):
        raise ValueError("should be set together with AWS_ACCESS_KEY_ID, or neither of them")
    return secret


def header_value(secret: SecretStr) -> SecretStr:
    """Refuse what no header can hold: the HTTP client's error would show it."""
    if not re.fullmatch(r"[!-~]*", secret.get_secret_value()):
        raise ValueError("should be letters, digits and signs of ASCII, without blanks")
    return secret


def local_key(data: dict[str, Any]) -> str:
    """Return the default key: any for LocalStack; none for AWS itself."""
    return "test" if data["endpoint_url"] else ""


class Aws(Group):
    """AWS, or LocalStack in its place: where it is, and who we are there."""

    endpoint_url: Address = ""
    """The endpoint of S3, Kinesis and API Gateway; empty means AWS itself (docs/aws.md)."""
    region: str = "us-east-1"
    """The AWS region."""
    access_key_id: str = Field(default_factory=local_key)
    """The AWS access key; LocalStack takes any. Empty: wherever AWS's own tools find one (profile, role)."""
    secret_access_key: Annotated[SecretStr, AfterValidator(both_keys_or_none)] = Field(
        default_factory=lambda data: SecretStr(local_key(data))
    )
    """The AWS secret key, or empty likewise."""
    session_token: SecretStr = SecretStr("")
    """The session token of temporary AWS keys."""
    config_file: Annotated[str, AfterValidator(for_aws)] = ""
    """Of AWS's own tools, for AWS itself; empty: ~/.aws/config."""
    shared_credentials_file: Annotated[str, AfterValidator(for_aws)] = ""
    """Likewise; empty: ~/.aws/credentials."""
    profile: Annotated[str, AfterValidator(for_aws), AfterValidator(known_profile)] = ""
    """The profile in them that has the keys, where AWS_ENDPOINT_URL and the two keys are empty."""
    ca_bundle: Annotated[str, AfterValidator(for_aws)] = ""
    """A file of the authorities whose certificates count for AWS itself, where a proxy has one of its own."""


class Api(Group):
    """API Gateway: the REST API that the emulator posts to."""

    stage: Annotated[str, Field(pattern=r"^\w{1,128}$")] = "test"
    """The stage of the REST API in API Gateway."""
    url: Address = ""
    """Where the emulator posts to; empty: the API's invoke URL, asked of API Gateway. The REST proxy has no streams."""
    key: Annotated[SecretStr, AfterValidator(header_value)] = SecretStr("")
    """The key of an API that asks for one, which the emulator sends in the header x-api-key; empty: none is sent."""
    signed: bool = False
    """Whether the emulator signs by AWS's keys what it sends, as an API with IAM authorization asks."""
    rest_proxy_url: Address = ""
    """Where API Gateway finds the REST proxy; on AWS an address that AWS reaches."""
    role_arn: str = ""
    """The role with which API Gateway calls Kinesis; on AWS provisioning makes the API only when it is set."""


class Kinesis(Group):
    """Kinesis: what its streams are like."""

    shards: Positive = 1
    """Shards of a new stream; each takes 1,000 records or 1 MB a second."""
