"""KAFKA_SECURITY in the words of Kafka's image: stack/kafka/security/*.env, from which docker-compose.yml chooses.

`make format` writes them. A password stands there as the variable that has it.
"""

from collections.abc import Iterator
from pathlib import Path

from common.kafka_security import jaas, java_options, password_variable
from common.settings import Settings
from contracts.kafka_access import SUPER_USERS, Principal
from stack.dotenv import generated
from stack.kafka import client

FOLDER = Path(__file__).parent / "security"
_HEADER = "# Written by `make format` from contracts/kafka_access.py and stack/kafka/broker.py."
# Of both modes; a name without a listener is no matter.
_LISTENERS = ("HOST", "CONTAINERS", "CONTROLLER")


def variables(security: str) -> dict[str, str]:
    """Return the variables of Kafka's image, `${...}` for passwords, by which the broker is as `security` says."""
    if security == "plaintext":
        return {"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": _every_listener("PLAINTEXT")}
    return {
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": _every_listener("SASL_PLAINTEXT"),
        "KAFKA_SASL_ENABLED_MECHANISMS": "PLAIN",
        "KAFKA_SASL_MECHANISM_INTER_BROKER_PROTOCOL": "PLAIN",
        "KAFKA_SASL_MECHANISM_CONTROLLER_PROTOCOL": "PLAIN",
        "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND": "false",
        "KAFKA_SUPER_USERS": ";".join(f"User:{principal}" for principal in SUPER_USERS),
        **{f"KAFKA_LISTENER_NAME_{name}_PLAIN_SASL_JAAS_CONFIG": _accounts(name) for name in _LISTENERS},
    }


def _every_listener(protocol: str) -> str:
    return ",".join(f"{name}:{protocol}" for name in _LISTENERS)


def _accounts(listener: str) -> str:
    """Return the broker's own account, and those that it takes: at its controller itself alone."""
    known = [Principal.BROKER] if listener == "CONTROLLER" else [*Principal]
    taken = {f"user_{principal}": _password(principal) for principal in known}
    return jaas(username=Principal.BROKER.value, password=_password(Principal.BROKER), **taken)


def _password(principal: Principal) -> str:
    return f"${{{password_variable(principal)}:?run make setup}}"


def tools_variables(security: str) -> dict[str, str]:
    """Return the variables of the service kafka-tools: its client.properties, with `\\n` between the lines."""
    settings = Settings.from_variables({**generated(), "KAFKA_SECURITY": security})
    lines = client.text(java_options(settings, Principal.USER)).strip().replace("\n", "\\n")
    password = settings.kafka.user_password.get_secret_value()
    return {"CLIENT_PROPERTIES": lines.replace(password, _password(Principal.USER))}


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file, and what is to be in it."""
    for security in ("sasl", "plaintext"):
        for name, found in (
            (security, variables(security)),
            (f"{security}.tools", tools_variables(security)),
        ):
            lines = [f"{key}={value}" for key, value in found.items()]
            yield FOLDER / f"{name}.env", "\n".join([_HEADER, *lines]) + "\n"
