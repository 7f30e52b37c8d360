"""Every setting of the project, in one typed class, read from the environment and then from .env."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from common import environment
from common import setting_rules as rules
from contracts.tables import Table

ROOT = rules.ROOT
INSTALL_DIR = ROOT / ".local"  # the servers that `make setup` fetches
SPARK_JARS = INSTALL_DIR / "jars" / "spark"
LOCALSTACK_LIBRARY = INSTALL_DIR / "localstack-library"  # what its image has in /usr/lib/localstack
SPARK_ARCHIVE = INSTALL_DIR / "spark-classes.jsa"  # stack.local.archive
LOOPBACK = "127.0.0.1"

PROFILES = rules.PROFILES

Port = Annotated[int, Field(ge=1, le=65535)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


ProjectPath = Annotated[Path, AfterValidator(rules.absolute)]
Address = Annotated[str, Field(pattern=r"^(https?://\S+)?$"), AfterValidator(rules.without_slash)]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


class Settings(BaseSettings):
    """The settings; a field's name in upper case is the variable that sets it.

    Secrets have no default: `make setup` generates them into .env.

    Raises:
        pydantic.ValidationError: a value is missing or not of its type (see `load_settings`).
    """

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    user_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")] = "0a1b2c3d4e5f"
    """The name of the pipeline's owner; topics, streams and the bucket are named after it."""
    state_dir: Annotated[ProjectPath, AfterValidator(rules.own_folder)] = Path(".local/state")
    """Data and logs of the running stack in local mode."""

    compose_profiles: Annotated[str, AfterValidator(rules.known_profiles)] = "stream,airflow"
    """What `make up` starts besides the core: `stream`, the streaming writer (1.8 GB), `airflow` (2.2 GB); or empty."""

    kafka_port: Port = 9092
    """Kafka's port on 127.0.0.1, as are all ports here."""
    kafka_controller_port: Port = 9093
    """Kafka's port for its own controller (local mode)."""
    rest_proxy_port: Port = 8082
    """The REST proxy's port."""
    localstack_port: Port = 4566
    """LocalStack's port: S3, Kinesis, API Gateway."""
    mysql_port: Port = 3306
    """MySQL's port."""
    postgres_port: Port = 5432
    """Postgres' port."""
    airflow_port: Port = 8080
    """The port of Airflow's UI and REST API."""

    kafka_bootstrap_servers: str = Field(default_factory=lambda data: f"{LOOPBACK}:{data.get('kafka_port')}")
    """Where clients find Kafka; on AWS, MSK's brokers."""
    rest_proxy_host: str = LOOPBACK
    """The address that the REST proxy listens on."""
    rest_proxy_url: Address = Field(
        default_factory=lambda data: f"http://{LOOPBACK}:{data.get('rest_proxy_port')}"
    )
    """Where health checks and benchmarks find the REST proxy."""
    mysql_host: str = LOOPBACK
    """Where clients find MySQL."""
    postgres_host: str = LOOPBACK
    """Where clients find Postgres."""
    airflow_host: str = LOOPBACK
    """The address that Airflow's API server listens on."""
    airflow_url: Address = Field(default_factory=lambda data: f"http://{LOOPBACK}:{data.get('airflow_port')}")
    """Where scripts and Airflow's own parts find its API server."""

    aws_endpoint_url: Address = Field(
        default_factory=lambda data: f"http://{LOOPBACK}:{data.get('localstack_port')}"
    )
    """The endpoint of S3, Kinesis and API Gateway; empty means AWS itself (docs/aws.md)."""
    aws_region: str = "us-east-1"
    """The AWS region."""
    aws_access_key_id: str = Field(default_factory=rules.locally("test"))
    """The AWS access key; LocalStack takes any. Empty: wherever AWS's own tools find one (profile, role)."""
    aws_secret_access_key: Annotated[SecretStr, AfterValidator(rules.both_keys_or_none)] = Field(
        default_factory=lambda data: SecretStr(rules.locally("test")(data)), validate_default=True
    )
    """The AWS secret key, or empty likewise."""
    aws_session_token: SecretStr = SecretStr("")
    """The session token of temporary AWS keys."""
    aws_config_file: Annotated[str, AfterValidator(rules.for_aws)] = ""
    """Of AWS's own tools, for AWS itself; empty: ~/.aws/config."""
    aws_shared_credentials_file: Annotated[str, AfterValidator(rules.for_aws)] = ""
    """Likewise; empty: ~/.aws/credentials."""
    aws_profile: Annotated[str, AfterValidator(rules.for_aws), AfterValidator(rules.known_profile)] = ""
    """The profile in them that has the keys, where AWS_ENDPOINT_URL and the two keys are empty."""
    aws_ca_bundle: Annotated[str, AfterValidator(rules.for_aws)] = ""
    """A file of the authorities whose certificates count for AWS itself, where a proxy has one of its own."""

    allowed_hosts: str = ""
    """Names, with commas, by which you call the REST proxy or LocalStack besides localhost; .x.org is all below it."""

    api_stage: Annotated[str, Field(pattern=r"^\w{1,128}$")] = "test"
    """The stage of the REST API in API Gateway."""
    api_url: Address = ""
    """Where the emulator posts to; empty: the API's invoke URL, asked of API Gateway. The REST proxy has no streams."""
    https_proxy: Annotated[str, AfterValidator(rules.for_https)] = ""
    """The proxy on the way to AWS itself. What runs here is never behind one."""
    api_rest_proxy_url: Address = Field(default_factory=lambda data: str(data.get("rest_proxy_url")))
    """Where API Gateway finds the REST proxy; on AWS an address that AWS reaches."""
    api_role_arn: str = Field(
        default_factory=rules.locally("arn:aws:iam::000000000000:role/api-gateway-kinesis")
    )
    """The role with which API Gateway calls Kinesis; on AWS provisioning makes the API only when it is set."""

    mysql_root_password: SecretStr
    """MySQL's root."""
    mysql_password: SecretStr
    """MySQL's user pinterest, with which the emulator reads."""
    postgres_password: SecretStr
    """Postgres' superuser postgres."""
    batch_writer_password: SecretStr
    """Postgres' role of the batch cleaner."""
    speed_writer_password: SecretStr
    """Postgres' role of the streaming writer."""
    analyst_password: SecretStr
    """Postgres' read-only role for people."""
    emulator_password: SecretStr
    """Postgres' role of the emulator, which keeps its ledger there."""

    airflow_user: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")] = "admin"
    """The user of Airflow's UI and REST API."""
    airflow_password: SecretStr
    """That user's password."""
    airflow_database_password: SecretStr
    """Postgres' role airflow, which owns Airflow's own database."""
    airflow_jwt_secret: Annotated[SecretStr, Field(min_length=64)]
    """Signs the tokens of Airflow's API: 64 bytes or more."""
    airflow_fernet_key: SecretStr
    """Encrypts what Airflow stores of connections: 32 bytes in URL-safe base64."""
    airflow_secret_key: SecretStr
    """Signs the sessions of Airflow's UI."""

    source_rows: Positive = 11_154
    """How many posts to generate."""
    source_seed: int = 42
    """One seed gives one data set."""
    source_dir: Annotated[ProjectPath | None, BeforeValidator(rules.none_if_empty)] = None
    """A folder of pinterest_data.jsonl, geolocation_data.jsonl and user_data.jsonl to load instead."""

    kafka_cluster_id: Annotated[str, Field(pattern=r"^\w[\w-]{20}[AQgw]$")]
    """By which a health check knows our Kafka from another one: 16 bytes in base64."""
    kafka_partitions: Positive = 1
    """Partitions of a new topic. One, as the course has: its notebooks read topics/<topic>/partition=0/ alone."""
    kafka_retention_bytes: Positive = 4 * 1024**3
    """Bytes that a partition keeps: bounded, so that the disk does not fill."""
    kafka_heap_mb: Positive = 320
    """The broker's heap, in MiB."""

    pin_batch_topic: TopicName = "pinterest-batch"
    """The topic of POST /pin/ for batch jobs."""
    pin_streaming_topic: TopicName = "pinterest-streaming"
    """The topic of POST /pin/ for streaming."""

    kinesis_shards: Positive = 1
    """Shards of a new stream; each takes 1,000 records or 1 MB a second."""
    stream_rate: Annotated[float, Field(gt=0)] = 50.0
    """Posts a second that the emulator sends to the streams."""
    stream_limit: Positive = 1_000
    """Posts after which the emulator ends sending to the streams."""

    rest_proxy_max_body_bytes: Positive = 16 * 1024**2
    """A larger request is refused with 413."""
    rest_proxy_max_record_bytes: Positive = 1_000_000
    """A larger record fails alone. Kafka's own default is 1,048,588 bytes, headers included."""
    rest_proxy_queue_bytes: Positive = 32 * 1024**2
    """What all requests in flight may hold together; beyond it new ones are answered 503."""
    rest_proxy_queue_records: Positive = 100_000
    """How many records all requests in flight may hold together; likewise."""
    rest_proxy_delivery_timeout_seconds: Annotated[float, Field(gt=0)] = 20.0
    """How long a record may wait for its acknowledgement; under the 29 s at which API Gateway gives up."""

    s3_sink_flush_records: Positive = 10_000
    """An object of the landing zone is closed at this many records,"""
    s3_sink_flush_bytes: Positive = 8 * 1024**2
    """or at this many bytes,"""
    s3_sink_flush_seconds: Annotated[float, Field(gt=0)] = 2.0
    """or when its first record is this old, whichever comes first."""

    spark_master: str = "local[*]"
    """Where Spark jobs run; spark://host:port is a cluster."""
    spark_local_ip: Annotated[str, AfterValidator(rules.for_cluster)] = ""
    """With a cluster: this machine's address for its executors; empty: that of its host name."""
    spark_conf_dir: Annotated[str, AfterValidator(rules.for_cluster)] = ""
    """With a cluster: a folder with a spark-defaults.conf (docs/spark-masters.md)."""
    hadoop_conf_dir: Annotated[str, AfterValidator(rules.for_cluster)] = ""
    """With a YARN cluster: the folder of its configuration."""
    spark_driver_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = "2g"
    """The heap of a Spark job's driver (with a local master, of the whole job)."""
    spark_executor_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = "1g"
    """The heap of each executor of a cluster, which takes 512m or more."""
    spark_streaming_memory: Annotated[str, Field(pattern=r"^\d+[mg]$")] = "1g"
    """The heap of the streaming writer's driver."""

    quality_quarantine_warn: Share = 0.01
    """Of the records read, the share in quarantine above which a scheduled run warns,"""
    quality_quarantine_fail: Share = 0.05
    """and above which it fails."""
    quality_null_warn: Share = 0.2
    """Of a column's values, the share of nulls above which a scheduled run warns,"""
    quality_null_fail: Share = 0.5
    """and above which it fails."""
    quality_drop_warn: Share = 0.0
    """The share of rows lost since the last scheduled run above which it warns,"""
    quality_drop_fail: Share = 0.1
    """and above which it fails."""

    @property
    def bucket(self) -> str:
        """The one bucket: landing zone, Delta tables and checkpoints."""
        return f"user-{self.user_id}-bucket"

    @property
    def api_name(self) -> str:
        """The REST API's name in API Gateway, by which it is found."""
        return f"pinterest-{self.user_id}"

    def topic(self, table: Table) -> str:
        """The Kafka topic of a table, `<id>.pin`."""
        return f"{self.user_id}.{table}"

    def stream(self, table: Table) -> str:
        """The Kinesis stream of a table, `streaming-<id>-pin`."""
        return f"streaming-{self.user_id}-{table}"

    def environment(self) -> dict[str, str]:
        """Every setting as environment variables, for child processes and for docker-compose.yml's ${...}.

        What other programs go by too is left out where it is empty, and so is a secret that this process lacks.
        """
        values = {name.upper(): getattr(self, name) for name in type(self).model_fields}
        given = {name: _plain(value) for name, value in values.items() if not isinstance(value, Withheld)}
        return {name: text for name, text in given.items() if text or name not in SHARED}

    def given(self, name: str) -> bool:
        """Return whether this process was given the secret."""
        return not isinstance(getattr(self, name), Withheld)


# What other programs go by too: an empty value is one to them.
SHARED = {
    *("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY"),
    *("SPARK_LOCAL_IP", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"),
}
SERVICE = "PIPELINE_SERVICE"
"""The variable that names the service of docker-compose.yml that a process is: it gets its own secrets, and no .env."""


class Withheld(SecretStr):
    """A secret that docker-compose.yml does not give to this service."""

    def __init__(self, name: str, service: str) -> None:
        super().__init__("withheld" * 8)  # as long as the longest has to be
        self._reason = (
            f"{name.upper()} is not among the secrets of {service}: docker-compose.yml says which it gets"
        )

    def get_secret_value(self) -> str:
        """Raise PermissionError: whoever asks for it runs in the wrong service."""
        raise PermissionError(self._reason)


def secret_names() -> frozenset[str]:
    """The variables that only some services get. AWS's key id is one, since it goes with its secret."""
    secrets = {name.upper() for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    return frozenset(secrets | {"AWS_ACCESS_KEY_ID"})


def _withheld(service: str) -> dict[str, Any]:
    """A stand-in for each secret that has no default and is not in the environment."""
    fields = Settings.model_fields.items()
    secrets = [name for name, field in fields if field.annotation is SecretStr and field.is_required()]
    return {name: Withheld(name, service) for name in secrets if name.upper() not in os.environ}


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


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


def explain(error: ValidationError) -> str:
    """One line per wrong or missing variable: its name, what is expected, what was given."""
    # Defaults that could not be made for want of a wrong value are not worth a line of their own.
    problems = [dict(each) for each in error.errors() if each["type"] != "default_factory_not_called"]
    return "\n".join(map(_explain_one, problems))


def _explain_one(problem: dict[str, object]) -> str:
    location = problem["loc"]
    variable = str(location[0]).upper() if isinstance(location, tuple) and location else "settings"
    if problem["type"] == "missing":
        return f"{variable} is not set. Run `make setup`, which writes it into .env."
    field = Settings.model_fields.get(variable.lower())
    given = "" if field and field.annotation is SecretStr else f" (it is {problem['input']!r})"
    expected = str(problem["msg"]).removeprefix("Value error, ")  # pydantic's, before what our validators say
    return f"{variable}: {expected}{given}. Correct it in .env."


@cache
def load_settings() -> Settings:
    """The settings of this process; a wrong one ends it with status 2 and a line that says what to set."""
    service = os.environ.get(SERVICE)
    try:
        settings = Settings(_env_file=None, **_withheld(service)) if service else Settings()
    except ValidationError as error:
        # rich, which services have no use for otherwise, only where there is something to print.
        from common.terminal import complain  # noqa: PLC0415

        complain(explain(error))
        raise SystemExit(2) from None
    _compose_environment(settings)
    return settings
