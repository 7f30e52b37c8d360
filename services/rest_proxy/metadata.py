"""The routes that only read: who this is, whether Kafka is there, which topics there are."""

from typing import Literal

from confluent_kafka.admin import PartitionMetadata
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.rest_proxy.budget import Budget
from services.rest_proxy.errors import MEDIA_TYPE, ApiError, ErrorCode, responses
from services.rest_proxy.topics import Topics

Service = Literal["rest-proxy"]
SERVICE: Service = "rest-proxy"


class KafkaJSONResponse(JSONResponse):
    """An answer with Confluent's media type."""

    media_type = MEDIA_TYPE


class Root(BaseModel):
    """The name of this service."""

    service: Service = SERVICE
    docs: str = "/docs"


class Health(BaseModel):
    """The answer of a health check; `kafka_cluster_id` is null when Kafka does not answer."""

    service: Service = SERVICE
    status: Literal["healthy", "unhealthy"]
    kafka_cluster_id: str | None = None
    records_in_flight: int
    reason: str | None = None


class Replica(BaseModel):
    """A copy of a partition."""

    broker: int
    leader: bool
    in_sync: bool


class Partition(BaseModel):
    """A partition; `leader` is a broker's number, -1 while there is none."""

    partition: int
    leader: int
    replicas: list[Replica]


class Topic(BaseModel):
    """A topic as Confluent's proxy describes it."""

    name: str
    configs: dict[str, str | None]
    partitions: list[Partition]


def add_metadata_routes(app: FastAPI, topics: Topics, budget: Budget) -> None:
    """Add the routes, answering from `topics`, and from `budget` how much is in flight."""

    @app.get("/")
    async def root() -> Root:
        """The name of this service."""
        return Root()

    @app.get("/health", response_model=Health, responses={503: {"model": Health}})
    async def health() -> KafkaJSONResponse:
        """200 when Kafka answers, else 503; asks Kafka each time."""
        try:
            metadata = await topics.metadata()
        except ApiError as error:
            body = Health(status="unhealthy", records_in_flight=budget.records, reason=str(error))
            return KafkaJSONResponse(body.model_dump(), status_code=503)
        cluster = metadata.cluster_id
        body = Health(status="healthy", kafka_cluster_id=cluster, records_in_flight=budget.records)
        return KafkaJSONResponse(body.model_dump())

    @app.get("/topics", responses=responses(ErrorCode.KAFKA_UNAVAILABLE))
    async def names() -> list[str]:
        """The names of all topics."""
        return sorted((await topics.metadata()).topics)

    @app.get("/topics/{topic}", responses=responses(ErrorCode.TOPIC_NOT_FOUND, ErrorCode.KAFKA_UNAVAILABLE))
    async def describe(topic: str) -> Topic:
        """A topic's configuration and partitions."""
        found = await topics.find(topic)
        partitions = [_partition(found.partitions[number]) for number in sorted(found.partitions)]
        return Topic(name=topic, configs=await topics.configs(topic), partitions=partitions)


def _partition(found: PartitionMetadata) -> Partition:
    replicas = [
        Replica(broker=broker, leader=broker == found.leader, in_sync=broker in found.isrs)
        for broker in found.replicas
    ]
    return Partition(partition=found.id, leader=found.leader, replicas=replicas)
