"""Connections to the servers, made from the settings in one place."""

from typing import TYPE_CHECKING, Any

import boto3
import mysql.connector
import psycopg2
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.handlers import set_list_objects_encoding_type_url

from common.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

# A put of 8 MiB takes LocalStack under a second even on a busy laptop; 30 s of silence means it is gone.
_AWS_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})

# A role may change its own defaults, and nothing in Postgres forbids it: these could end a query, refuse the
# connection, or change what an answer says.
_SESSION = {
    "search_path": "public",
    "local_preload_libraries": "",
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "default_transaction_isolation": r"read\ committed",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "client_min_messages": "notice",
}


def aws_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments of every boto3 client.

    An empty AWS_ENDPOINT_URL means AWS itself; empty keys leave it to boto3 to find some (profile, role).
    """
    return {
        "endpoint_url": settings.aws.endpoint_url or None,
        "region_name": settings.aws.region,
        "aws_access_key_id": settings.aws.access_key_id or None,
        "aws_secret_access_key": settings.aws.secret_access_key.get_secret_value() or None,
        "aws_session_token": settings.aws.session_token.get_secret_value() or None,
    }


def aws_credentials(settings: Settings) -> Credentials:
    """Return the keys of the settings, or those that AWS's own tools find; a role's are renewed by themselves.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: there are none.
    """
    options = aws_options(settings)
    del options["endpoint_url"]
    found: Credentials | None = boto3.Session(**options).get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


def java_aws_environment(settings: Settings) -> dict[str, str]:
    """Return what a JVM's environment says of AWS: its command line is for all to see.

    Keys that are empty are left out: it looks where AWS's own tools do.
    """
    given = aws_options(settings)
    keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {"AWS_REGION": settings.aws.region} | {key.upper(): given[key] for key in keys if given[key]}


def delta_options(settings: Settings) -> dict[str, str]:
    """The storage options of every Delta table that delta-rs opens; those left out mean the same as for boto3."""
    given = aws_options(settings)
    names = {"endpoint_url": "aws_endpoint_url", "region_name": "aws_region"}
    options = {names.get(name, name): value for name, value in given.items() if value}
    return options | {"aws_allow_http": "true"} if settings.aws.endpoint_url.startswith("http:") else options


def s3_client(settings: Settings, config: Config = _AWS_CONFIG) -> "S3Client":
    """An S3 client (path style, which LocalStack and any bucket name understand)."""
    path_style = config.merge(Config(s3={"addressing_style": "path"}))
    client = boto3.client("s3", config=path_style, **aws_options(settings))
    # boto3 asks for URL-encoded keys, and LocalStack 4.9.2 then compares encoded keys ("partition%3D0") with the
    # plain StartAfter or continuation token: every key of the landing zone counts as before it.
    client.meta.events.unregister(
        "before-parameter-build.s3.ListObjectsV2", set_list_objects_encoding_type_url
    )
    return client


def kinesis_client(settings: Settings) -> "KinesisClient":
    """A Kinesis client."""
    return boto3.client("kinesis", config=_AWS_CONFIG, **aws_options(settings))


def api_gateway_client(settings: Settings) -> "APIGatewayClient":
    """A client of API Gateway's control plane (REST APIs, which AWS calls version 1)."""
    return boto3.client("apigateway", config=_AWS_CONFIG, **aws_options(settings))


def mysql_connection(settings: Settings, database: str = "pinterest_data") -> Any:  # noqa: ANN401 - untyped library
    """A connection to the source database as its user `pinterest`."""
    return mysql.connector.connect(
        host=settings.mysql.host,
        port=settings.mysql.port,
        user="pinterest",
        password=settings.mysql.password.get_secret_value(),
        database=database,
        charset="utf8mb4",
        connection_timeout=5,
    )


def postgres_connection(
    settings: Settings, role: str = "postgres", database: str = "pinterest"
) -> "PostgresConnection":
    """A connection to a served database as one of the roles of `settings.postgres.passwords`.

    What a role may have set for itself, or PGTZ and PGOPTIONS in the caller's shell, has no say in it.
    """
    connection = psycopg2.connect(
        host=settings.postgres.host,
        port=settings.postgres.port,
        user=role,
        password=settings.postgres.passwords[role].get_secret_value(),
        dbname=database,
        connect_timeout=5,
        options=_session_options(read_only=role == "analyst"),
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")  # as an option it would yield to libpq's PGTZ
    return connection


def _session_options(*, read_only: bool) -> str:
    """Return a session's options for libpq: they come before what `ALTER ROLE ... SET` left behind."""
    options = _SESSION | {"default_transaction_read_only": "on" if read_only else "off"}
    return " ".join(f"-c {name}={value}" for name, value in options.items())
