"""Kafka's principals and what each may do: for the broker, provisioning and docs/contracts.md."""

from enum import StrEnum
from typing import Literal, NamedTuple


class Principal(StrEnum):
    """A client that logs in to Kafka, by the name that the broker knows."""

    BROKER = "broker"
    """The broker itself: its own connections to itself and to its controller."""
    PROVISION = "provision"
    """Provisioning, which makes topics and grants all others what they may."""
    REST_PROXY = "rest-proxy"
    S3_SINK = "s3-sink"
    STREAMING_WRITER = "streaming-writer"
    """The streaming writer: Spark, and what measures its lag."""
    DASHBOARD = "dashboard"
    OPERATIONS = "operations"
    """Commands and checks that ask how far Kafka is: health, `make landed`, `make verify`, Airflow's tasks."""
    USER = "user"
    """The stack's owner: Kafka's tools, programs of their own."""


SUPER_USERS = (Principal.BROKER, Principal.PROVISION)
"""Those that Kafka refuses nothing."""


class Grant(NamedTuple):
    """A right of a principal to resources of Kafka.

    Attributes:
        name: of the resource, `*` for any, with `*` at its end for those that begin so; `<id>` stands for the user id,
            `<PIN_STREAMING_TOPIC>` for that setting.
        operations: as Kafka names them. READ, WRITE, DELETE and ALTER imply DESCRIBE.
    """

    principal: Principal
    kind: Literal["topic", "group", "transactional id", "cluster"]
    name: str
    operations: tuple[str, ...]


GRANTS = (
    # Whatever topics there are: people make topics of their own and send records to them.
    Grant(Principal.REST_PROXY, "topic", "*", ("WRITE", "DESCRIBE_CONFIGS")),
    # Which ones is for a connector's properties to say.
    Grant(Principal.S3_SINK, "topic", "*", ("READ",)),
    Grant(Principal.S3_SINK, "group", "<id>-s3-sink", ("READ",)),
    Grant(Principal.STREAMING_WRITER, "topic", "<PIN_STREAMING_TOPIC>", ("READ",)),
    Grant(Principal.STREAMING_WRITER, "group", "<id>-streaming-writer*", ("READ",)),
    Grant(Principal.DASHBOARD, "topic", "<id>.*", ("READ",)),
    Grant(Principal.DASHBOARD, "group", "<id>-dashboard", ("READ",)),
    Grant(Principal.OPERATIONS, "topic", "<id>.*", ("DESCRIBE",)),
    Grant(Principal.OPERATIONS, "group", "<id>-operations", ("DESCRIBE",)),
    Grant(
        Principal.USER,
        "topic",
        "*",
        ("READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),
    ),
    Grant(Principal.USER, "group", "*", ("READ", "DELETE")),
    Grant(Principal.USER, "transactional id", "*", ("WRITE",)),
    Grant(Principal.USER, "cluster", "kafka-cluster", ("DESCRIBE", "DESCRIBE_CONFIGS")),
)
