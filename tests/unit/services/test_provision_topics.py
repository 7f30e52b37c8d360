"""Test what provisioning says of topics that exist, by what a broker answers just after one was made."""

from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka.admin import AdminClient

from services.provision.topics import partition_remark


class _Broker:
    """Knows the topic before its partitions have leaders: the first answer has none of them."""

    def __init__(self) -> None:
        self.answers = iter([{}, {0: object()}])

    def list_topics(self, name: str, timeout: float) -> Any:  # noqa: ANN401, ARG002 - the client's own signature
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=next(self.answers))})


def broker() -> AdminClient:
    """Return a stand-in for what of a client is asked."""
    return cast("AdminClient", _Broker())


def test_the_partitions_of_a_topic_just_made_are_waited_for() -> None:
    said = partition_remark(broker(), "t.pin", 4)
    assert said == "topic t.pin has 1 partitions, KAFKA_PARTITIONS is 4; it is left as it is"
    assert partition_remark(broker(), "t.pin", 1) is None
