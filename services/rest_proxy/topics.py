"""Know Kafka's topics: ask for its metadata without creating anything."""

import asyncio
from contextlib import suppress

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    TopicMetadata,
)

from common.kafka_refusal import Refusal
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from services.rest_proxy.errors import ApiError, ErrorCode
from services.rest_proxy.records import ANY_PARTITION

# A broker on the same machine answers in milliseconds; one that has not answered after 2 s is gone.
ASK_SECONDS = 2
# A deleted topic is a 404 after this at the latest (before, its records get error entries). Asking costs 2 ms.
REFRESH_SECONDS = 30
# A broker is back 4 s after its start.
RETRY_AFTER_SECONDS = 5


class Topics:
    """The cluster's topics, as of the newest answer; `run` keeps it fresh in the background."""

    def __init__(self, settings: Settings) -> None:
        self._refusal = Refusal(settings, Principal.REST_PROXY)
        options = client_options(settings, Principal.REST_PROXY)
        self._admin = AdminClient(
            options
            | {
                "error_cb": self._refusal,
                "reconnect.backoff.max.ms": 1000,
                "log_level": 2,  # it would print each attempt; what comes of them is logged below
            }
        )
        self._log = structlog.get_logger(service="rest_proxy")
        self._reachable: bool | None = None
        self._partitions: dict[str, int] = {}
        self._question: asyncio.Task[ClusterMetadata] | None = None

    async def run(self) -> None:
        """Ask every REFRESH_SECONDS; never ends."""
        while True:
            with suppress(ApiError):
                await self.metadata()
            await asyncio.sleep(REFRESH_SECONDS)

    async def require(self, topic: str, partition: int = ANY_PARTITION) -> None:
        """Return at once if the topic, and the partition of it, is known, else ask Kafka.

        Raises:
            ApiError: 40401 no such topic; 40402 it has no such partition; 50302 Kafka does not answer.
        """
        if partition < self._partitions.get(topic, ANY_PARTITION):
            return
        if partition >= len((await self.find(topic)).partitions):
            raise ApiError(ErrorCode.PARTITION_NOT_FOUND, f"Topic {topic!r} has no partition {partition}")

    async def find(self, topic: str) -> TopicMetadata:
        """The topic as it is now.

        Raises:
            ApiError: 40401 no such topic; 50302 Kafka does not answer.
        """
        # The first answer may be to a question from before the topic's creation; the second is not.
        for _ in range(2):
            metadata = await self.metadata()
            if topic in metadata.topics:
                return metadata.topics[topic]
        raise ApiError(ErrorCode.TOPIC_NOT_FOUND, f"Topic {topic!r} does not exist")

    async def metadata(self) -> ClusterMetadata:
        """The cluster's brokers and topics now; whoever asks meanwhile shares the answer.

        Raises:
            ApiError: 50302, no answer within ASK_SECONDS.
        """
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        return await asyncio.shield(self._question)

    async def configs(self, topic: str) -> dict[str, str | None]:
        """The topic's configuration, name -> value.

        Raises:
            ApiError: 50302, no answer within ASK_SECONDS.
        """
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        answers = self._admin.describe_configs([resource], request_timeout=ASK_SECONDS)
        try:
            entries = await asyncio.wrap_future(answers[resource])
        except KafkaException as error:
            raise _unavailable(error.args[0].str()) from error
        return {name: entry.value for name, entry in entries.items()}

    async def _ask(self) -> ClusterMetadata:
        try:
            metadata: ClusterMetadata = await asyncio.to_thread(self._admin.list_topics, timeout=ASK_SECONDS)
        except KafkaException as error:
            reason = self._refusal.reason_after(self._admin) or error.args[0].str()
            self._note(reachable=False, reason=reason)
            raise _unavailable(reason) from error
        self._note(reachable=True, cluster=metadata.cluster_id, topics=len(metadata.topics))
        self._partitions = {name: len(topic.partitions) for name, topic in metadata.topics.items()}
        return metadata

    def _note(self, *, reachable: bool, **facts: object) -> None:
        """Log when Kafka comes and when it goes."""
        if reachable and self._reachable is not True:
            self._log.info("Kafka is there", **facts)
        if not reachable and self._reachable is not False:
            self._log.warning("Kafka does not answer", **facts)
        self._reachable = reachable


def _unavailable(reason: str) -> ApiError:
    message = f"Kafka does not answer: {reason}"
    return ApiError(ErrorCode.KAFKA_UNAVAILABLE, message, RETRY_AFTER_SECONDS)
