"""A REST proxy under test: started, its topics made, what it wrote read back."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.settings import Settings
from common.wait import wait_until
from services.rest_proxy.records import JSON_TYPE
from stack.local.isolated import ServiceProcess, free_port
from tests.kafka_clients import as_user
from tests.kafka_records import position

PARTITIONS = 3
# Of an answer that waits for Kafka: a broker has 90 s to be back, and its clients are connected 10 s after that, the
# longest pause between two tries of librdkafka's.
DELIVERY_SECONDS = 120.0
# Longer than any delivery time-out of these tests: the proxy has to answer first.
ANSWER_SECONDS = 150.0
# The limits of the proxy that most files share.
MAX_BODY = 2 * 1024**2
MAX_RECORDS = 2_000


@dataclass
class Proxy:
    """A running proxy and a client of it."""

    settings: Settings
    process: ServiceProcess
    client: httpx.Client

    def post(self, topic: str, body: bytes | object, content_type: str = JSON_TYPE) -> httpx.Response:
        """POST /topics/{topic}; a body that is not bytes is written as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/topics/{topic}", content=content, headers={"Content-Type": content_type})

    def health(self) -> tuple[int, dict[str, object]]:
        """Status and body of GET /health."""
        answer = self.client.get("/health")
        return answer.status_code, answer.json()

    def wait_healthy(self) -> None:
        """Return once it says that it is healthy."""
        wait_until(lambda: self.health()[0] == 200, timeout=ANSWER_SECONDS, what="the proxy to reach Kafka")


@contextmanager
def running_proxy(kafka: Settings, folder: Path, **values: object) -> Iterator[Proxy]:
    """A proxy on a port of its own before this Kafka, with these settings."""
    port = free_port()
    own = {"REST_PROXY_PORT": port, "REST_PROXY_URL": f"http://127.0.0.1:{port}"}
    settings = kafka.replace(**own, **values)
    process = ServiceProcess(settings, "services.rest_proxy", log=folder / f"proxy-{port}.log")
    with process, httpx.Client(base_url=settings.rest_proxy.url, timeout=ANSWER_SECONDS) as client:
        process.wait_healthy(lambda: answers(client))
        yield Proxy(settings, process, client)


def answers(client: httpx.Client) -> bool:
    """Return whether the server accepts connections."""
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def new_topic(kafka: Settings, partitions: int = PARTITIONS) -> str:
    """A fresh topic."""
    name = f"rest-{uuid.uuid4().hex[:12]}"
    admin = AdminClient(as_user(kafka))
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result()
    # The broker answers the creation before every partition has its leader.
    wait_until(lambda: end_offsets(kafka, name), timeout=60, what=f"the leaders of {name}")
    return name


def end_offsets(kafka: Settings, topic: str) -> dict[int, int]:
    """The next offset of each partition; empty while the topic is not ready."""
    with closing(Consumer({**as_user(kafka), "group.id": topic})) as consumer:
        try:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 10)[1] for p in partitions}
        except KafkaException:
            return {}


def read_all(kafka: Settings, topic: str) -> dict[tuple[int, int], Message]:
    """Every record of the topic, by partition and offset."""
    ends = end_offsets(kafka, topic)
    found: dict[tuple[int, int], Message] = {}
    with closing(Consumer({**as_user(kafka), "group.id": topic})) as consumer:
        consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])

        def complete() -> bool:
            for message in consumer.consume(10_000, timeout=0.1):
                assert message.error() is None, message.error()
                found[position(message)[1:]] = message
            return len(found) >= sum(ends.values())

        wait_until(complete, timeout=60, what=f"{ends} of {topic}", interval=0)
    return found


def places(answer: httpx.Response) -> list[tuple[int, int]]:
    """Partition and offset of each record of an answer, all of them acknowledged."""
    assert answer.status_code == 200, answer.text
    entries: Sequence[dict[str, object]] = answer.json()["offsets"]
    assert all(entry["error_code"] is None for entry in entries), entries
    return [(int(str(entry["partition"])), int(str(entry["offset"]))) for entry in entries]
