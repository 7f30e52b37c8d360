"""Test what the proxy knows of Kafka's topics, by the answers that a broker gives one after the other."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource

from services.rest_proxy import topics as topics_module
from services.rest_proxy.errors import ApiError, ErrorCode
from services.rest_proxy.topics import ASK_SECONDS, RETRY_AFTER_SECONDS, Topics
from stack.local.isolated import make_settings
from tests.unit.services.conftest import BuiltInKafka

Answer = dict[str, int] | KafkaException
NO_BROKER = KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN, "all brokers are down"))


class Broker:
    """Answers each question with the next of these: the topics' numbers of partitions, or an error."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.configs: dict[str, dict[str, str | None] | KafkaException] = {}
        self.refusals: list[KafkaError] = []
        self.tell: Callable[[KafkaError], None] = lambda _: None
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

    def poll(self, timeout: float) -> None:
        """Call back with what has come meanwhile."""
        assert timeout == 0
        while self.refusals:
            self.tell(self.refusals.pop())

    def describe_configs(
        self, asked: list[ConfigResource], request_timeout: float
    ) -> dict[ConfigResource, Future[Any]]:
        assert request_timeout == ASK_SECONDS
        answers: dict[ConfigResource, Future[Any]] = {each: Future() for each in asked}
        for each, answer in answers.items():
            assert each.restype == ConfigResource.Type.TOPIC
            found = self.configs[each.name]
            if isinstance(found, KafkaException):
                answer.set_exception(found)
            else:
                answer.set_result({name: SimpleNamespace(value=value) for name, value in found.items()})
        return answers


@pytest.fixture
def broker() -> Broker:
    """The broker that is asked."""
    return Broker()


@pytest.fixture
def topics(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Topics:
    def client(options: dict[str, Any]) -> Broker:
        broker.tell = options["error_cb"]
        return broker

    monkeypatch.setattr("services.rest_proxy.topics.AdminClient", client)
    return Topics(make_settings(tmp_path))


def refusal(asked: Coroutine[Any, Any, Any]) -> tuple[ErrorCode, str]:
    with pytest.raises(ApiError) as refused:
        asyncio.run(asked)
    return refused.value.error, str(refused.value)


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
    assert refusal(topics.find("none")) == (ErrorCode.TOPIC_NOT_FOUND, "Topic 'none' does not exist")
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
    assert refusal(topics.require("here", 2)) == (
        ErrorCode.PARTITION_NOT_FOUND,
        "Topic 'here' has no partition 2",
    )
    asyncio.run(topics.require("here", 2))  # added meanwhile
    assert broker.asked == 3


def test_a_deleted_topic_is_forgotten_with_the_next_answer(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 1}, {}, {}, {}]
    asyncio.run(topics.require("here"))
    asyncio.run(topics.metadata())
    assert refusal(topics.require("here"))[0] == ErrorCode.TOPIC_NOT_FOUND


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


def test_who_stops_waiting_leaves_the_answer_to_the_others(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"here": 1}]
    broker.may_answer.clear()

    async def one_of_two() -> None:
        first, second = (asyncio.create_task(topics.find("here")) for _ in range(2))
        while not broker.asked:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        broker.may_answer.set()
        assert len((await second).partitions) == 1

    asyncio.run(one_of_two())
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
    assert str(refused.value) == "Kafka does not answer: all brokers are down"
    asyncio.run(topics.require("here"))


def test_in_the_background_topics_are_asked_for_again_and_again(
    topics: Topics, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics_module, "REFRESH_SECONDS", 0)
    broker.answers = [{"old": 1}, NO_BROKER, *[{"new": 1}] * 1000]

    async def until_asked_four_times() -> None:
        async with asyncio.TaskGroup() as tasks:
            background = tasks.create_task(topics.run())
            while broker.asked < 4:  # the third has been answered
                await asyncio.sleep(0)
            background.cancel()

    asyncio.run(until_asked_four_times())
    before = broker.asked
    asyncio.run(topics.require("new"))
    assert broker.asked == before


def test_it_is_logged_when_kafka_goes_and_when_it_comes(topics: Topics, broker: Broker) -> None:
    broker.answers = [{"a": 1}, {"a": 1}, NO_BROKER, NO_BROKER, {"a": 1, "b": 1}]
    with structlog.testing.capture_logs() as events:
        for answer in broker.answers:
            if isinstance(answer, KafkaException):
                refusal(topics.metadata())
            else:
                asyncio.run(topics.metadata())
    assert {event.pop("service") for event in events} == {"rest_proxy"}
    assert events == [
        {"log_level": "info", "event": "Kafka is there", "cluster": "cluster", "topics": 1},
        {"log_level": "warning", "event": "Kafka does not answer", "reason": "all brokers are down"},
        {"log_level": "info", "event": "Kafka is there", "cluster": "cluster", "topics": 2},
    ]


def test_a_refused_password_is_named_in_the_answer_and_in_the_log(topics: Topics, broker: Broker) -> None:
    """Of itself the client says no more than that no broker answers."""
    broker.answers = [NO_BROKER, NO_BROKER]
    broker.refusals = [KafkaError(KafkaError._AUTHENTICATION, "Invalid username or password")]
    with structlog.testing.capture_logs() as events:
        error, message = refusal(topics.metadata())
    assert error == ErrorCode.KAFKA_UNAVAILABLE
    assert "Kafka refuses rest-proxy: its KAFKA_REST_PROXY_PASSWORD is not" in message
    assert "`make up`" in events[0]["reason"]
    assert refusal(topics.metadata())[1] == "Kafka does not answer: all brokers are down"


def test_a_broker_that_is_away_from_the_start_is_logged_once(topics: Topics, broker: Broker) -> None:
    broker.answers = [NO_BROKER, NO_BROKER]
    with structlog.testing.capture_logs() as events:
        for _ in broker.answers:
            refusal(topics.metadata())
    assert [event["log_level"] for event in events] == ["warning"]


def test_a_topics_configuration_is_kafkas(topics: Topics, broker: Broker) -> None:
    broker.configs = {"here": {"retention.ms": "-1", "no.value": None}, "away": NO_BROKER}
    assert asyncio.run(topics.configs("here")) == {"retention.ms": "-1", "no.value": None}
    assert refusal(topics.configs("away")) == (
        ErrorCode.KAFKA_UNAVAILABLE,
        "Kafka does not answer: all brokers are down",
    )


def test_a_real_client_finds_a_topic_and_makes_none(tmp_path: Path, built_in_kafka: BuiltInKafka) -> None:
    topics = Topics(
        make_settings(tmp_path, KAFKA_BOOTSTRAP_SERVERS=built_in_kafka.address, KAFKA_SECURITY="plaintext")
    )
    assert sorted(asyncio.run(topics.find("t")).partitions) == [0, 1, 2, 3]
    assert refusal(topics.find("none"))[0] == ErrorCode.TOPIC_NOT_FOUND
    assert built_in_kafka.topics() == {"t"}
