"""Test what provisioning says of topics that exist, by what a broker answers just after one was made."""

from collections.abc import Iterator
from itertools import chain, repeat
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka.admin import AdminClient

from services.provision import topics
from services.provision.topics import partition_remark


class _Broker:
    """Knows the topic before its partitions have leaders: the first answers have none of them."""

    def __init__(self, answers: Iterator[dict[int, object]]) -> None:
        self.answers = answers

    def list_topics(self, name: str, timeout: float) -> Any:  # noqa: ANN401 - what of the answer is read
        assert timeout >= 0
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=next(self.answers))})


def broker(empty_answers: int | None = 1) -> AdminClient:
    """Return a stand-in for what of a client is asked; None is for ever."""
    empty: Iterator[dict[int, object]] = repeat({}) if empty_answers is None else repeat({}, empty_answers)
    return cast("AdminClient", _Broker(chain(empty, [{0: object()}])))


def test_partitions_that_the_broker_does_not_tell_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_TIMEOUT_SECONDS", 0.0)
    with pytest.raises(TimeoutError, match=r"gave up after 0 s: the partitions of topic t\.pin"):
        partition_remark(broker(None), "t.pin", 1)


def test_the_partitions_of_a_topic_just_made_are_waited_for() -> None:
    said = partition_remark(broker(), "t.pin", 4)
    assert said == "topic t.pin has 1 partitions, KAFKA_PARTITIONS is 4; it is left as it is"
    assert partition_remark(broker(), "t.pin", 1) is None
