"""Grant Kafka's principals what contracts/kafka_access.py lists, by ACLs; what else they had is taken away."""

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from common.kafka_security import client_options, has_rights
from common.settings import Settings
from common.wait import wait_until
from contracts.kafka_access import GRANTS, Grant, Principal

# A broker on loopback answers in milliseconds; one that is just starting may need 20 s.
_TIMEOUT_SECONDS = 30.0
_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
    "cluster": ResourceType.BROKER,  # librdkafka's name for it
}
_ALL = AclBindingFilter(
    ResourceType.ANY,
    None,  # type: ignore[arg-type] # the library's documented word for any
    ResourcePatternType.ANY,
    None,  # type: ignore[arg-type]
    None,  # type: ignore[arg-type]
    AclOperation.ANY,
    AclPermissionType.ANY,
)


def ensure_rights(settings: Settings) -> None:
    """Make the ACLs of our principals as they are declared; those of others, and for other user ids, are left alone.

    Raises:
        confluent_kafka.KafkaException: no broker answers, or it refuses the principal `provision`.
        TimeoutError: the broker does not take them in.
    """
    if not has_rights(settings):
        return
    client = AdminClient(client_options(settings, Principal.PROVISION))
    wanted, found = declared(settings), granted(client)
    _remove(client, outdated(found, settings))
    _add(client, wanted - found)

    def known() -> bool:
        now = granted(client)
        return wanted <= now and not outdated(now, settings)

    # The controller's answer comes first; the broker knows of it a moment later.
    wait_until(known, timeout=_TIMEOUT_SECONDS, what="Kafka to know the rights")


def declared(settings: Settings) -> set[AclBinding]:
    """Return the ACLs that are declared."""
    return {_binding(grant, operation, settings) for grant in GRANTS for operation in grant.operations}


def _binding(grant: Grant, operation: str, settings: Settings) -> AclBinding:
    name = grant.name.replace("<id>", settings.user_id)
    name = name.replace("<PIN_STREAMING_TOPIC>", settings.rest_proxy.pin_streaming_topic)
    is_prefix = name.endswith("*") and name != "*"
    return AclBinding(
        _KINDS[grant.kind],
        name.removesuffix("*") if is_prefix else name,
        ResourcePatternType.PREFIXED if is_prefix else ResourcePatternType.LITERAL,
        f"User:{grant.principal}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )


def granted(client: AdminClient) -> set[AclBinding]:
    """Return the ACLs that the broker has.

    Raises:
        confluent_kafka.KafkaException: it does not answer, or tells only those that may ask.
    """
    return set(client.describe_acls(_ALL, request_timeout=_TIMEOUT_SECONDS).result(_TIMEOUT_SECONDS))


def outdated(found: set[AclBinding], settings: Settings) -> set[AclBinding]:
    """Return those of the ACLs that are ours and not, or no longer, declared."""
    return {each for each in found - declared(settings) if _is_ours(each, settings)}


def _is_ours(binding: AclBinding, settings: Settings) -> bool:
    """Return whether it is of a principal of ours, and not for another user id, which may begin with ours."""
    names = {"*", "kafka-cluster", settings.rest_proxy.pin_streaming_topic}
    own = binding.name in names or binding.name.startswith((f"{settings.user_id}.", f"{settings.user_id}-"))
    return own and binding.principal in {f"User:{principal}" for principal in Principal}


def _add(client: AdminClient, bindings: set[AclBinding]) -> None:
    if not bindings:
        return
    for answer in client.create_acls([*bindings], request_timeout=_TIMEOUT_SECONDS).values():
        answer.result(_TIMEOUT_SECONDS)


def _remove(client: AdminClient, bindings: set[AclBinding]) -> None:
    if not bindings:
        return
    for answer in client.delete_acls([*map(_filter, bindings)], request_timeout=_TIMEOUT_SECONDS).values():
        answer.result(_TIMEOUT_SECONDS)


def _filter(one: AclBinding) -> AclBindingFilter:
    """Return the filter that finds this ACL alone."""
    return AclBindingFilter(
        one.restype,
        one.name,
        one.resource_pattern_type,
        one.principal,
        one.host,
        one.operation,
        one.permission_type,
    )
