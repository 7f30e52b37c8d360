"""Test what the proxy knows of Kafka's topics, by the answers that a broker gives one after the other."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from services.rest_proxy.errors import ApiError, ErrorCode
from services.rest_proxy.topics import ASK_SECONDS, RETRY_AFTER_SECONDS, Topics
from stack.local.isolated import make_settings

Answer = dict[str, int] | KafkaException
NO_BROKER = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN, "all brokers are down"))


class Broker:
    """Answers each question with the next of these: the topics' numbers of partitions, or an error."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked = 0
        self.may_answer = Event()
        self.may_answer.set()

    def list_topics(self, timeout: float) -> Any:  # noqa: ANN401 - what of the client's answer is read
        assert timeout == ASK_SECONDS
        answer = self.answers[self.asked]
        self.asked += 1
        self.may_answer.wait()
        if isinstance(answer, KafkaException):
            raise answer
        topics = {name: SimpleNamespace(partitions=dict.fromkeys(range(n))) for name, n in answer.items()}
        return SimpleNamespace(topics=topics, cluster_id="cluster")


@pytest.fixture
def broker() -> Broker:
    """The broker that is asked."""
    return Broker()


@pytest.fixture
def topics(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Topics:
    monkeypatch.setattr("services.rest_proxy.topics.AdminClient", lambda _: broker)
    return Topics(make_settings(tmp_path))


def code(asked: Coroutine[Any, Any, Any]) -> ErrorCode:
    with pytest.raises(ApiError) as refused:
        asyncio.run(asked)
    return refused.value.error


def test_a_topic_created_between_the_two_questions_is_found(topics: Topics, broker: Broker) -> None:
    broker.answers = [{}, {"new": 3}]
    assert len(asyncio.run(topics.find("new")).partitions) == 3
    assert broker.asked == 2


def test_a_topic_that_is_there_is_asked_for_once(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 1}]
    asyncio.run(topics.find("here"))
    assert broker.asked == 1


def test_a_topic_that_two_answers_do_not_have_does_not_exist(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"other": 1}, {"other": 1}]
    assert code(topics.find("none")) == ErrorCode.TOPIC_NOT_FOUND
    assert broker.asked == 2


def test_what_is_known_is_not_asked_again(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 2}]
    asyncio.run(topics.require("here"))
    for partition in (0, 1):
        asyncio.run(topics.require("here", partition))
    assert broker.asked == 1


def test_a_partition_is_looked_for_anew_before_it_is_refused(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 2}, {"here": 2}, {"here": 3}]
    asyncio.run(topics.require("here"))
    assert code(topics.require("here", 2)) == ErrorCode.PARTITION_NOT_FOUND
    asyncio.run(topics.require("here", 2))  # added meanwhile
    assert broker.asked == 3


def test_a_deleted_topic_is_forgotten_with_the_next_answer(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 1}, {}, {}, {}]
    asyncio.run(topics.require("here"))
    asyncio.run(topics.metadata())
    assert code(topics.require("here")) == ErrorCode.TOPIC_NOT_FOUND


def test_who_asks_meanwhile_shares_the_answer(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"a": 1, "b": 1}]
    broker.may_answer.clear()

    async def both() -> None:
        questions = [asyncio.create_task(topics.find(name)) for name in ("a", "b")]
        while not broker.asked:
            await asyncio.sleep(0)
        broker.may_answer.set()
        await asyncio.gather(*questions)

    asyncio.run(both())
    assert broker.asked == 1


def test_a_broker_that_does_not_answer_is_a_503_and_what_was_known_stays(
    topics: Topics, broker: Broker
) -> None:
    broker.answers = [{"here": 1}, NO_BROKER]
    asyncio.run(topics.require("here"))
    with pytest.raises(ApiError) as refused:
        asyncio.run(topics.find("new"))
    assert refused.value.error == ErrorCode.KAFKA_UNAVAILABLE
    assert refused.value.headers == {"Retry-After": str(RETRY_AFTER_SECONDS)}
    assert "all brokers are down" in str(refused.value)
    asyncio.run(topics.require("here"))
