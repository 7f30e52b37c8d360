"""Give topics that are there already the bounds of the settings, which may have changed since they were made."""

from collections.abc import Mapping, Sequence

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from common.settings.servers import Kafka

# A broker on loopback answers in milliseconds; one that is just starting may need 20 s.
_TIMEOUT_SECONDS = 30.0


def limits(kafka: Kafka) -> dict[str, str]:
    """Return what bounds the size of a partition, by Kafka's names."""
    return {"retention.bytes": str(kafka.retention_bytes), "segment.bytes": str(kafka.segment_bytes)}


def ensure_limits(client: AdminClient, names: Sequence[str], kafka: Kafka) -> list[str]:
    """Change the topics whose bounds are others; a cluster that is elsewhere is left alone.

    Returns:
        One sentence per topic that was changed.

    Raises:
        confluent_kafka.KafkaException: no broker answers, or it refuses.
    """
    if kafka.is_elsewhere or not names:
        return []
    held = _held(client, names)
    changes = {name: _changes(of_topic, limits(kafka)) for name, of_topic in held.items()}
    return [_change(client, name, held[name], change) for name, change in changes.items() if change]


def _held(client: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    topics = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    answers = client.describe_configs(topics, request_timeout=_TIMEOUT_SECONDS)
    return {
        topic.name: {each.name: each.value for each in answer.result(_TIMEOUT_SECONDS).values()}
        for topic, answer in answers.items()
    }


def _changes(held: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in wanted.items() if held[key] != value}


def _change(client: AdminClient, name: str, held: Mapping[str, str], changes: Mapping[str, str]) -> str:
    to_be_set = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in changes.items()
    ]
    topic = ConfigResource(ResourceType.TOPIC, name, incremental_configs=to_be_set)
    answers = client.incremental_alter_configs([topic], request_timeout=_TIMEOUT_SECONDS)
    answers[topic].result(_TIMEOUT_SECONDS)
    told = ", ".join(f"{key} {value} rather than {held[key]}" for key, value in changes.items())
    return f"topic {name} has {told} from now on, by KAFKA_RETENTION_BYTES"
