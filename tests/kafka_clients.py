"""Clients of Kafka that tests make: they log in as the stack's user, who may read, write and make topics."""

from typing import Any

from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal


def as_user(settings: Settings) -> dict[str, Any]:
    """Return the options of a client of confluent-kafka."""
    return client_options(settings, Principal.USER)


def broker_of(servers: Settings) -> dict[str, Any]:
    """Return the variables by which other settings have the broker of these: where it is, and its passwords."""
    names = ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY", "KAFKA_CLUSTER_ID")
    values = servers.environment()
    passwords = [name for name in values if name.startswith("KAFKA_") and name.endswith("_PASSWORD")]
    return {name: values[name] for name in (*names, *passwords)}
