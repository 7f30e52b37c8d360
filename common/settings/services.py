"""The settings of our own services: REST proxy, S3 sink, the source's generator, emulator, dashboard."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from common.settings.group import Group
from common.settings.types import LOOPBACK, Address, OptionalPath, Port, Positive, Seconds

TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]


def room_for_one(queue_bytes: int, info: ValidationInfo) -> int:
    """A request that is larger than the queue would be refused for ever."""
    if queue_bytes < info.data.get("max_body_bytes", 0):
        raise ValueError("should be at least REST_PROXY_MAX_BODY_BYTES")
    return queue_bytes


class RestProxy(Group):
    """The REST proxy: its addresses, its limits, and the topics of POST /pin/."""

    port: Port = 8082
    """The REST proxy's port."""
    host: str = LOOPBACK
    """The address that the REST proxy listens on; `make up` has it be 127.0.0.1, whatever is set here."""
    url: Address = Field(default_factory=lambda data: f"http://{LOOPBACK}:{data['port']}")
    """Where health checks and benchmarks find the REST proxy."""
    max_body_bytes: Positive = 16 * 1024**2
    """A larger request is refused with 413."""
    max_record_bytes: Positive = 1_000_000
    """A larger record fails alone. Kafka's own default is 1,048,588 bytes, headers included."""
    queue_bytes: Annotated[Positive, AfterValidator(room_for_one)] = 32 * 1024**2
    """What all requests in flight may hold together; beyond it new ones are answered 503."""
    queue_records: Positive = 100_000
    """How many records all requests in flight may hold together; likewise."""
    delivery_timeout_seconds: Seconds = 20.0
    """How long a record may wait for its acknowledgement; under the 29 s at which API Gateway gives up."""
    pin_batch_topic: TopicName = Field("pinterest-batch", validation_alias="PIN_BATCH_TOPIC")
    """The topic of POST /pin/ for batch jobs."""
    pin_streaming_topic: TopicName = Field("pinterest-streaming", validation_alias="PIN_STREAMING_TOPIC")
    """The topic of POST /pin/ for streaming."""

    @property
    def docs_url(self) -> str:
        """Return where a browser on this machine finds the documents of the REST proxy's API."""
        return f"http://{LOOPBACK}:{self.port}/docs"


class S3Sink(Group):
    """The S3 sink: when it closes an object of the landing zone."""

    enabled: bool = True
    """Whether the S3 sink lands what is in Kafka; not where MSK Connect fills the bucket (docs/aws.md)."""
    flush_records: Positive = 10_000
    """An object of the landing zone is closed at this many records,"""
    flush_bytes: Positive = 8 * 1024**2
    """or at this many bytes,"""
    flush_seconds: Seconds = 2.0
    """or when its first record is this old, whichever comes first."""


class Source(Group):
    """The source: the posts that MySQL is filled with."""

    rows: Positive = 11_154
    """How many posts to generate."""
    seed: int = 42
    """One seed gives one data set."""
    dir: OptionalPath = None
    """A folder of pinterest_data.jsonl, geolocation_data.jsonl and user_data.jsonl to load instead."""


class Emulator(Group):
    """The emulator: what it sends to the streams."""

    stream_rate: Annotated[float, Field(gt=0)] = Field(50.0, validation_alias="STREAM_RATE")
    """Posts a second that the emulator sends to the streams."""
    stream_limit: Positive = Field(1_000, validation_alias="STREAM_LIMIT")
    """Posts after which the emulator ends sending to the streams."""


class Dashboard(Group):
    """The dashboard: pages that show the pipeline while it works."""

    port: Port = 8501
    """The dashboard's port."""
    host: str = LOOPBACK
    """The address that the dashboard listens on; `make up` has it be 127.0.0.1, whatever is set here."""

    @property
    def page_url(self) -> str:
        """Return where a browser on this machine finds it."""
        return f"http://localhost:{self.port}"
