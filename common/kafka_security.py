"""The options by which clients log in to Kafka, as KAFKA_SECURITY has it. Pure: no client is made here."""

from typing import Any

from common.settings import Settings
from contracts.kafka_access import Principal

_LOGIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"


def client_options(settings: Settings, principal: Principal) -> dict[str, Any]:
    """Return where a client of confluent-kafka finds Kafka, and how it logs in: the start of every client's options."""
    return {
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        **librdkafka_options(settings, principal),
    }


def librdkafka_options(settings: Settings, principal: Principal) -> dict[str, str]:
    """Return the options of confluent-kafka's clients by which the principal logs in, none in plain text."""
    if settings.kafka.security == "plaintext":
        return {}
    return {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": principal.value,
        "sasl.password": _password(settings, principal),
    }


def java_options(settings: Settings, principal: Principal) -> dict[str, str]:
    """Return the same for Java's clients: client.properties has them and, after `kafka.`, Spark's source."""
    if settings.kafka.security == "plaintext":
        return {"security.protocol": "PLAINTEXT"}
    return {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": jaas(username=principal.value, password=_password(settings, principal)),
    }


def jaas(**options: str) -> str:
    """Return a line of JAAS for SASL's mechanism PLAIN. The values are words without quotes (see KafkaPassword)."""
    words = "".join(f' {name}="{value}"' for name, value in options.items())
    return f"{_LOGIN_MODULE} required{words};"


def password_variable(principal: Principal) -> str:
    """Return the variable of the principal's password."""
    return f"KAFKA_{principal.name}_PASSWORD"


def _password(settings: Settings, principal: Principal) -> str:
    return settings.kafka.passwords[principal].get_secret_value()
