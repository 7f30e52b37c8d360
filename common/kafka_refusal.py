"""Say why Kafka refuses a client: its own calls end after a while with no more than that no broker answers."""

from collections.abc import Mapping

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from common.kafka_security import password_variable
from common.settings import Settings
from contracts.kafka_access import Principal

_OTHERS = "others"
"""Each kind of KAFKA_SECURITY of which no other sentence says more."""

_NO_LOGIN = {
    "sasl": (
        "Kafka refuses {principal}: its {password} is not the one that the broker has, or KAFKA_SECURITY is not the"
        " broker's. `make up` starts both with those of .env"
    ),
    "sasl_ssl": (
        "Kafka refuses {principal}: the cluster does not know it by its {password}, shown as KAFKA_SASL_MECHANISM"
        " says. Correct them in .env, or have the cluster know it (docs/aws.md), then `make up`"
    ),
    "iam": (
        "Kafka refuses {principal}: AWS's credentials are none that the cluster takes, are of another AWS_REGION, or"
        " their policy lacks `kafka-cluster:Connect`. Set AWS_PROFILE, or both keys, in .env, then `make up`;"
        " docs/aws.md lists the rights"
    ),
    _OTHERS: (
        "Kafka refuses {principal}: the broker wants a login, which KAFKA_SECURITY={security} has not. Set in .env"
        " what the broker has, then `make up`"
    ),
}
_NO_RIGHT = {
    "sasl": (
        "Kafka does not allow {principal} to do this; provisioning grants what it may:"
        " `make restart SERVICE=provision`"
    ),
    "iam": (
        "Kafka does not allow {principal} to do this: the policy of AWS's credentials lacks an action of"
        " `kafka-cluster:`; docs/aws.md lists them"
    ),
    _OTHERS: (
        "Kafka does not allow {principal} to do this; the cluster's administrator grants what it may:"
        " docs/contracts.md lists it"
    ),
}
_NO_TLS = {
    _OTHERS: (
        "Kafka and {principal} find no way to speak TLS: the broker's certificate is of an authority that"
        " KAFKA_CA_FILE does not have, or the port is none of KAFKA_SECURITY={security}. Correct them in .env, then"
        " `make up`; docs/aws.md has the ports"
    ),
}
_SENTENCES: Mapping[int, Mapping[str, str]] = {
    KafkaError._AUTHENTICATION: _NO_LOGIN,
    KafkaError._SSL: _NO_TLS,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _NO_RIGHT,
    KafkaError.GROUP_AUTHORIZATION_FAILED: _NO_RIGHT,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: _NO_RIGHT,
}


def told_refusal(error: KafkaError, principal: Principal, security: str) -> str | None:
    """Return what the error says of a refusal, and what to do; None if it is another error.

    Args:
        error: of a client.
        principal: whose client it is.
        security: how it comes to Kafka, as KAFKA_SECURITY has it.
    """
    sentences = _SENTENCES.get(error.code())
    if sentences is None:
        return None
    sentence = sentences.get(security, sentences[_OTHERS])
    told = sentence.format(principal=principal, password=password_variable(principal), security=security)
    return f"{told} ({error.str()})"


class Refusal:
    """Keep why Kafka refuses a client, as the `error_cb` of its options."""

    def __init__(self, settings: Settings, principal: Principal) -> None:
        """Of a client that logs in as the principal."""
        self._security = settings.kafka.security
        self._principal = principal
        self._told: str | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep it, if it is a refusal."""
        self._told = told_refusal(error, self._principal, self._security) or self._told

    def reason_after(self, client: AdminClient) -> str | None:
        """Return why, since the last call of this, the client was refused; None if it was not."""
        client.poll(0)  # calls back
        told, self._told = self._told, None
        return told
