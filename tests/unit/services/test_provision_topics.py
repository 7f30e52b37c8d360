"""Test what provisioning says of topics that exist, by what a broker answers just after one was made."""

from types import SimpleNamespace
from typing import Any

from services.provision import topics


class _Broker:
    """Knows the topic before its partitions have leaders: the first answer has none of them."""

    def __init__(self) -> None:
        self.answers = iter([{}, {0: object()}])

    def list_topics(self, name: str, timeout: float) -> Any:  # noqa: ANN401, ARG002 - the client's own signature
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=next(self.answers))})


def test_the_partitions_of_a_topic_just_made_are_waited_for() -> None:
    said = topics._difference(_Broker(), "t.pin", 4)  # type: ignore[arg-type] - what of the client is asked
    assert said == "topic t.pin has 1 partitions, KAFKA_PARTITIONS is 4; it is left as it is"
    assert topics._difference(_Broker(), "t.pin", 1) is None  # type: ignore[arg-type] - as above
