"""Say why Kafka refuses a client: its own calls end after a while with no more than that no broker answers."""

from confluent_kafka import KafkaError
from confluent_kafka.admin import AdminClient

from common.kafka_security import password_variable
from contracts.kafka_access import Principal

_NOT_GRANTED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


def told_refusal(error: KafkaError, principal: Principal) -> str | None:
    """Return what the error says of a refusal, and what to do; None if it is another error."""
    if error.code() == KafkaError._AUTHENTICATION:
        return (
            f"Kafka refuses {principal}: its {password_variable(principal)} is not the one that the broker has,"
            f" or KAFKA_SECURITY is not the broker's. `make up` starts both with those of .env; of a"
            f" cluster elsewhere see docs/aws.md ({error.str()})"
        )
    if error.code() in _NOT_GRANTED:
        return (
            f"Kafka does not allow {principal} to do this; provisioning grants what it may:"
            f" `make restart SERVICE=provision`; of a cluster elsewhere see docs/aws.md ({error.str()})"
        )
    return None


class Refusal:
    """Keep why Kafka refuses a client, as the `error_cb` of its options."""

    def __init__(self, principal: Principal) -> None:
        """Of a client that logs in as the principal."""
        self._principal = principal
        self._told: str | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep it, if it is a refusal."""
        self._told = told_refusal(error, self._principal) or self._told

    def reason_after(self, client: AdminClient) -> str | None:
        """Return why, since the last call of this, the client was refused; None if it was not."""
        client.poll(0)  # calls back
        told, self._told = self._told, None
        return told
