"""The settings of other people's servers: Kafka, LocalStack, MySQL, Postgres, Airflow."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from common.settings.group import Group
from common.settings.types import LOOPBACK, Address, OptionalPath, Port, Positive
from common.settings.withheld import Withheld

AIRFLOW_READER = "dashboard"
"""The name of Airflow's user who can only read."""

_ELSEWHERE = ("sasl_ssl", "ssl", "iam")
_OWN_IN_CONTAINERS = "kafka:19092"  # docker-compose.yml


def plain_word(secret: SecretStr) -> SecretStr:
    """Refuse what would need escapes in a line of JAAS: quotes, blanks, backslashes."""
    withheld = isinstance(secret, Withheld)
    if not withheld and not re.fullmatch(r"[\w.~+/=-]+", secret.get_secret_value(), re.ASCII):
        raise ValueError("should be letters, digits and any of . ~ + / = - _ alone")
    return secret


KafkaPassword = Annotated[SecretStr, AfterValidator(plain_word)]


def where_it_is_spoken(security: str, info: ValidationInfo) -> str:
    """This stack's own broker has no TLS."""
    own = (f"{LOOPBACK}:{info.data.get('port')}", _OWN_IN_CONTAINERS)
    if security in _ELSEWHERE and info.data.get("bootstrap_servers") in own:
        raise ValueError("needs a cluster elsewhere: set KAFKA_BOOTSTRAP_SERVERS to it, in local mode")
    return security


def not_the_reader(user: str) -> str:
    """Refuse the name of the user who can only read: one account cannot be both."""
    if user == AIRFLOW_READER:
        raise ValueError(f"should not be {AIRFLOW_READER}, the dashboard's own user")
    return user


class Kafka(Group):
    """Kafka: the broker, and what its topics are like."""

    port: Port = 9092
    """Kafka's port on 127.0.0.1, as are all ports here."""
    controller_port: Port = 9093
    """Kafka's port for its own controller (local mode)."""
    bootstrap_servers: str = Field(default_factory=lambda data: f"{LOOPBACK}:{data['port']}")
    """Where clients find Kafka; on AWS, MSK's brokers."""
    cluster_id: Annotated[str, Field(pattern=r"^\w[\w-]{20}[AQgw]$")]
    """By which a health check knows our Kafka from another one: 16 bytes in base64."""
    partitions: Positive = 1
    """Partitions of a new topic. One, as the course has: its notebooks read topics/<topic>/partition=0/ alone."""
    retention_bytes: Positive = 4 * 1024**3
    """Bytes that a partition keeps: bounded, so that the disk does not fill."""
    heap_mb: Positive = 320
    """The broker's heap, in MiB."""
    security: Annotated[
        Literal["sasl", "plaintext", "sasl_ssl", "ssl", "iam"], AfterValidator(where_it_is_spoken)
    ] = "sasl"
    """How clients reach Kafka: here `sasl` (name and password), `plaintext`; elsewhere `sasl_ssl`, `ssl`, `iam`."""
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = "SCRAM-SHA-512"
    """With `sasl_ssl`: how a password is shown; MSK takes the first."""
    ca_file: OptionalPath = None
    """With TLS: a PEM file of the authorities whose certificates count; empty: those that librdkafka and Java know."""
    broker_password: KafkaPassword
    """Kafka's principal of the broker itself."""
    provision_password: KafkaPassword
    """Kafka's principal of provisioning, which makes topics and grants rights."""
    rest_proxy_password: KafkaPassword
    """Kafka's principal of the REST proxy, which writes."""
    s3_sink_password: KafkaPassword
    """Kafka's principal of the S3 sink, which reads."""
    streaming_writer_password: KafkaPassword
    """Kafka's principal of the streaming writer, which reads one topic."""
    dashboard_password: KafkaPassword
    """Kafka's principal of the dashboard, which reads the pipeline's topics."""
    operations_password: KafkaPassword
    """Kafka's principal of commands and checks that ask for offsets."""
    user_password: KafkaPassword
    """Kafka's principal `user`, for people: Kafka's tools, programs of your own."""

    @property
    def segment_bytes(self) -> int:
        """Return the size of a partition's files, of which Kafka removes only whole ones: it keeps up to one more."""
        # Kafka takes 1 MiB to 2 GiB, and 1 GiB where it is not told.
        return min(max(self.retention_bytes // 16, 1024**2), 1024**3)

    @property
    def is_elsewhere(self) -> bool:
        """Return whether the cluster is elsewhere, such as MSK: its id and its rights are none of ours."""
        return self.security in _ELSEWHERE

    @property
    def passwords(self) -> Mapping[str, SecretStr]:
        """Return the password of each principal, by the principal's name."""
        return {
            "broker": self.broker_password,
            "provision": self.provision_password,
            "rest-proxy": self.rest_proxy_password,
            "s3-sink": self.s3_sink_password,
            "streaming-writer": self.streaming_writer_password,
            "dashboard": self.dashboard_password,
            "operations": self.operations_password,
            "user": self.user_password,
        }


class Localstack(Group):
    """LocalStack, which stands in for AWS."""

    port: Port = 4566
    """LocalStack's port: S3, Kinesis, API Gateway."""


class Mysql(Group):
    """MySQL: the source database."""

    port: Port = 3306
    """MySQL's port."""
    host: str = LOOPBACK
    """Where clients find MySQL."""
    root_password: SecretStr
    """MySQL's root."""
    password: SecretStr
    """MySQL's user pinterest, with which the emulator reads."""


class Postgres(Group):
    """Postgres: the served databases and Airflow's own, and the password of each role."""

    port: Port = 5432
    """Postgres' port."""
    host: str = LOOPBACK
    """Where clients find Postgres."""
    password: SecretStr
    """Postgres' superuser postgres."""
    batch_writer_password: SecretStr = Field(validation_alias="BATCH_WRITER_PASSWORD")
    """Postgres' role of the batch cleaner."""
    speed_writer_password: SecretStr = Field(validation_alias="SPEED_WRITER_PASSWORD")
    """Postgres' role of the streaming writer."""
    analyst_password: SecretStr = Field(validation_alias="ANALYST_PASSWORD")
    """Postgres' read-only role for people."""
    emulator_password: SecretStr = Field(validation_alias="EMULATOR_PASSWORD")
    """Postgres' role of the emulator, which keeps its ledger there."""
    airflow_database_password: SecretStr = Field(validation_alias="AIRFLOW_DATABASE_PASSWORD")
    """Postgres' role airflow, which owns Airflow's own database."""

    @property
    def passwords(self) -> Mapping[str, SecretStr]:
        """Return the password of each role, by the role's name."""
        return {
            "postgres": self.password,
            "batch_writer": self.batch_writer_password,
            "speed_writer": self.speed_writer_password,
            "analyst": self.analyst_password,
            "emulator": self.emulator_password,
            "airflow": self.airflow_database_password,
        }


class Airflow(Group):
    """Airflow: its API server, its users, and what signs and encrypts for it."""

    port: Port = 8080
    """The port of Airflow's UI and REST API."""
    host: str = LOOPBACK
    """The address that Airflow's API server listens on; `make up` has it be 127.0.0.1, whatever is set here."""
    url: Address = Field(default_factory=lambda data: f"http://{LOOPBACK}:{data['port']}")
    """Where scripts and Airflow's own parts find its API server."""
    user: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$"), AfterValidator(not_the_reader)] = "admin"
    """The user of Airflow's UI and REST API."""
    dags_dir: OptionalPath = None
    """A folder of DAGs of your own, which Airflow runs beside the pipeline's (docs/airflow.md)."""
    password: SecretStr
    """That user's password."""
    dashboard_password: SecretStr
    """Airflow's user dashboard, who can only read runs: the dashboard's."""
    jwt_secret: Annotated[SecretStr, Field(min_length=64)]
    """Signs the tokens of Airflow's API: 64 bytes or more."""
    fernet_key: SecretStr
    """Encrypts what Airflow stores of connections: 32 bytes in URL-safe base64."""
    secret_key: SecretStr
    """Signs the sessions of Airflow's UI."""
