"""The options by which clients log in to Kafka, as KAFKA_SECURITY has it. No client is made here."""

from collections.abc import Mapping
from typing import Any

from common.settings import Settings
from contracts.kafka_access import Principal

_PROTOCOLS = {
    "plaintext": "PLAINTEXT",
    "sasl": "SASL_PLAINTEXT",
    "sasl_ssl": "SASL_SSL",
    "ssl": "SSL",
    "iam": "SASL_SSL",
}
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": _SCRAM,
    "SCRAM-SHA-512": _SCRAM,
}
# Of aws-msk-iam-auth. It finds keys in its environment, or where AWS's own tools do.
_JAVA_IAM = {
    "sasl.mechanism": "AWS_MSK_IAM",
    "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
    "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
}


def client_options(settings: Settings, principal: Principal) -> dict[str, Any]:
    """Return where a client of confluent-kafka finds Kafka, and how it logs in: the start of every client's options."""
    return {
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        **librdkafka_options(settings, principal),
    }


def librdkafka_options(settings: Settings, principal: Principal) -> dict[str, Any]:
    """Return the options of confluent-kafka's clients by which the principal logs in, none in plain text.

    Raises:
        confluent_kafka.KafkaException: with IAM, there are no AWS credentials.
    """
    if settings.kafka.security == "plaintext":
        return {}
    ca_file = settings.kafka.ca_file if settings.kafka.is_elsewhere else None
    return {
        "security.protocol": _PROTOCOLS[settings.kafka.security].lower(),
        **_librdkafka_login(settings, principal),
        **({"ssl.ca.location": str(ca_file)} if ca_file else {}),
    }


def _librdkafka_login(settings: Settings, principal: Principal) -> dict[str, Any]:
    if settings.kafka.security == "ssl":
        return {}
    if settings.kafka.security == "iam":
        # It takes boto3, which the REST proxy has no other use for.
        from common.msk_iam import token_source  # noqa: PLC0415

        return {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": token_source(settings)}
    return {
        "sasl.mechanism": _mechanism(settings),
        "sasl.username": principal.value,
        "sasl.password": _password(settings, principal),
    }


def java_options(settings: Settings, principal: Principal) -> dict[str, str]:
    """Return the same for Java's clients: client.properties has them and, after `kafka.`, Spark's source."""
    ca_file = settings.kafka.ca_file if settings.kafka.is_elsewhere else None
    return {
        "security.protocol": _PROTOCOLS[settings.kafka.security],
        **_java_login(settings, principal),
        **({"ssl.truststore.type": "PEM", "ssl.truststore.location": str(ca_file)} if ca_file else {}),
    }


def _java_login(settings: Settings, principal: Principal) -> Mapping[str, str]:
    if settings.kafka.security in ("plaintext", "ssl"):
        return {}
    if settings.kafka.security == "iam":
        return _JAVA_IAM
    mechanism = _mechanism(settings)
    login = jaas(mechanism, username=principal.value, password=_password(settings, principal))
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": login}


def has_rights(settings: Settings) -> bool:
    """Return whether the broker knows who asks, and so refuses what is not granted."""
    return settings.kafka.security == "sasl"


def jaas(mechanism: str = "PLAIN", **options: str) -> str:
    """Return a line of JAAS for one of SASL's mechanisms. The values are words without quotes (see KafkaPassword)."""
    words = "".join(f' {name}="{value}"' for name, value in options.items())
    return f"{_LOGIN_MODULES[mechanism]} required{words};"


def _mechanism(settings: Settings) -> str:
    """Return how a password is shown: to this stack's own broker, on loopback, as it is."""
    return "PLAIN" if settings.kafka.security == "sasl" else settings.kafka.sasl_mechanism


def password_variable(principal: Principal) -> str:
    """Return the variable of the principal's password."""
    return f"KAFKA_{principal.name}_PASSWORD"


def _password(settings: Settings, principal: Principal) -> str:
    return settings.kafka.passwords[principal].get_secret_value()
