"""Every setting of the project, in one typed class, read from the environment and then from .env."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"

Table = Literal["pin", "geo", "user"]
TABLES: tuple[Table, ...] = ("pin", "geo", "user")

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]


def _absolute(path: Path) -> Path:
    """A relative path in .env is meant from the checkout, wherever the command is run."""
    return path if path.is_absolute() else ROOT / path


ProjectPath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """The settings; a field's name in upper case is the variable that sets it.

    Secrets have no default: `make setup` generates them into .env.

    Raises:
        pydantic.ValidationError: a value is missing or not of its type (see `load_settings`).
    """

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", frozen=True)

    user_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")] = "0a1b2c3d4e5f"
    install_dir: ProjectPath = Path(".local")  # what `make setup` installs
    state_dir: ProjectPath = Path(".local/state")  # data, logs and sockets of the running stack

    # Ports, all on 127.0.0.1.
    kafka_port: Port = 9092
    kafka_controller_port: Port = 9093
    rest_proxy_port: Port = 8082
    localstack_port: Port = 4566
    mysql_port: Port = 3306
    postgres_port: Port = 5432

    # Where clients find the servers; in containers and on AWS they are elsewhere than on this host.
    kafka_bootstrap_servers: str = Field(default_factory=lambda data: f"{LOOPBACK}:{data.get('kafka_port')}")
    rest_proxy_host: str = LOOPBACK
    rest_proxy_url: str = Field(
        default_factory=lambda data: f"http://{LOOPBACK}:{data.get('rest_proxy_port')}"
    )
    mysql_host: str = LOOPBACK
    postgres_host: str = LOOPBACK

    # AWS: an empty endpoint means the real one.
    aws_endpoint_url: str = Field(
        default_factory=lambda data: f"http://{LOOPBACK}:{data.get('localstack_port')}"
    )
    aws_region: str = "us-east-1"
    aws_access_key_id: str = "test"
    aws_secret_access_key: SecretStr = SecretStr("test")

    # Secrets.
    mysql_root_password: SecretStr
    mysql_password: SecretStr
    postgres_password: SecretStr
    batch_writer_password: SecretStr
    analyst_password: SecretStr

    # Source.
    source_rows: Positive = 11_154
    source_seed: int = 42
    source_dir: ProjectPath | None = None

    # Kafka.
    kafka_cluster_id: Annotated[str, Field(pattern=r"^[\w-]{22}$")] = "pinterestPipelineKafkA"
    kafka_partitions: Positive = 3
    kafka_retention_bytes: Positive = 4 * 1024**3  # a partition: bounded, so that the disk does not fill
    kafka_heap_mb: Positive = 512

    # REST proxy.
    rest_proxy_max_body_bytes: Positive = 16 * 1024**2
    rest_proxy_max_record_bytes: Positive = 1024**2
    # What all requests in flight may hold together; beyond it new ones are answered 503.
    rest_proxy_queue_bytes: Positive = 64 * 1024**2
    rest_proxy_queue_records: Positive = 100_000
    # How long a record may wait for its acknowledgement; under the 29 s after which API Gateway gives up.
    rest_proxy_delivery_timeout_seconds: Annotated[float, Field(gt=0)] = 20.0

    # S3 sink: an object is closed by the first of these three.
    s3_sink_flush_records: Positive = 10_000
    s3_sink_flush_bytes: Positive = 8 * 1024**2
    s3_sink_flush_seconds: Annotated[float, Field(gt=0)] = 2.0

    # Spark.
    spark_master: str = "local[*]"
    spark_driver_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = "2g"

    @property
    def bucket(self) -> str:
        """The one bucket: landing zone, Delta tables and checkpoints."""
        return f"user-{self.user_id}-bucket"

    def topic(self, table: Table) -> str:
        """The Kafka topic of a table, `<id>.pin`."""
        return f"{self.user_id}.{table}"

    def stream(self, table: Table) -> str:
        """The Kinesis stream of a table, `streaming-<id>-pin`."""
        return f"streaming-{self.user_id}-{table}"

    def environment(self) -> dict[str, str]:
        """Every setting as environment variables, for child processes and for docker-compose.yml's ${...}."""
        return {name.upper(): _plain(getattr(self, name)) for name in type(self).model_fields}


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


def explain(error: ValidationError) -> str:
    """One line per wrong or missing variable: its name, what is expected, what was given."""
    return "\n".join(_explain_one(dict(problem)) for problem in error.errors())


def _explain_one(problem: dict[str, object]) -> str:
    location = problem["loc"]
    variable = str(location[0]).upper() if isinstance(location, tuple) and location else "settings"
    if problem["type"] == "missing":
        return f"{variable} is not set. Run `make setup`, which writes it into .env."
    return f"{variable}: {problem['msg']} (it is {problem['input']!r}). Correct it in .env."


@cache
def load_settings() -> Settings:
    """The settings of this process; a wrong one ends it with status 2 and a line that says what to set."""
    try:
        return Settings()
    except ValidationError as error:
        typer.secho(explain(error), fg=typer.colors.RED, err=True)
        raise SystemExit(2) from None
