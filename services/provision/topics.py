"""The Kafka topics of the three tables and of `POST /pin/`, made where they are missing."""

from collections.abc import Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.kafka_security import client_options
from common.settings import Settings
from common.wait import wait_until
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from services.provision.topic_limits import ensure_limits, limits

# A broker on loopback creates a topic in milliseconds; one that is just starting may need 20 s to elect leaders.
_TIMEOUT_SECONDS = 30.0


def ensure_topics(settings: Settings) -> list[str]:
    """Create `<id>.pin`, `<id>.geo` and `<id>.user`; of existing topics change the bounds of size alone.

    Returns:
        One sentence per existing topic that has fewer partitions than are set, or was changed.

    Raises:
        confluent_kafka.KafkaException: no broker answers, or it refuses a topic.
        TimeoutError: the broker does not say what partitions a topic has.
    """
    return _ensure([settings.topic(table) for table in TABLES], settings)


def ensure_pin_topics(settings: Settings) -> list[str]:
    """The same for the two topics of `POST /pin/`."""
    return _ensure([settings.rest_proxy.pin_batch_topic, settings.rest_proxy.pin_streaming_topic], settings)


def _ensure(names: Sequence[str], settings: Settings) -> list[str]:
    client = AdminClient(client_options(settings, Principal.PROVISION))
    requests = client.create_topics(
        [_new(name, settings) for name in names], operation_timeout=_TIMEOUT_SECONDS
    )
    existing = [name for name in names if not _created(requests[name])]
    remarks = (partition_remark(client, name, settings.kafka.partitions) for name in existing)
    return [*filter(None, remarks), *ensure_limits(client, existing, settings.kafka)]


def _new(name: str, settings: Settings) -> NewTopic:
    return NewTopic(
        name,
        num_partitions=settings.kafka.partitions,
        replication_factor=-1,  # the broker's default: 1 here, more on a real cluster
        config={
            # Bounded by size alone: a lost bucket is rebuilt from Kafka, and age would take that away.
            "retention.ms": "-1",
            **limits(settings.kafka),
        },
    )


def _created(request: Future[None]) -> bool:
    try:
        request.result(_TIMEOUT_SECONDS)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True


def partition_remark(client: AdminClient, name: str, expected: int) -> str | None:
    """Return a sentence if the topic has fewer partitions than expected, else None.

    More of them are no matter: everything here reads all that a topic has, and Kafka cannot take any away.

    Raises:
        TimeoutError: the broker does not say what partitions the topic has.
    """
    # A topic made a moment ago, perhaps by another's hand, is known before its partitions are.
    found = wait_until(
        lambda: len(client.list_topics(name, timeout=_TIMEOUT_SECONDS).topics[name].partitions),
        timeout=_TIMEOUT_SECONDS,
        what=f"the partitions of topic {name}",
    )
    if found >= expected:
        return None
    return f"topic {name} has {found} partitions, KAFKA_PARTITIONS is {expected}; it is left as it is"
