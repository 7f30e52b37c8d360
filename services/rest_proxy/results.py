"""What a request's records came to, and the answer that says so. Pure: no I/O."""

from confluent_kafka import KafkaError
from msgspec import Struct
from msgspec.json import Encoder

from services.rest_proxy.errors import ErrorCode

# Kafka's own list of retriable errors, as far as a producer can meet them, and librdkafka's time-outs.
# A topic or partition that does not exist is not among them: sending again would not create it.
_RETRIABLE = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._FATAL,  # the proxy is restarted, see `delivery`
        KafkaError._MSG_TIMED_OUT,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._PURGE_QUEUE,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._TRANSPORT,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.INVALID_MSG,  # Kafka calls it CORRUPT_MESSAGE
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NETWORK_EXCEPTION,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.THROTTLING_QUOTA_EXCEEDED,
    }
)


class Entry(Struct, gc=False):
    """A record's result: partition and offset when it is acknowledged, else error_code and error."""

    partition: int | None = None
    offset: int | None = None
    error_code: int | None = None
    error: str | None = None


class ProduceResponse(Struct):
    """The answer to a produce request: one entry per record, in the order of the request."""

    offsets: list[Entry]
    key_schema_id: None = None
    value_schema_id: None = None


encode = Encoder().encode


def failed(error: KafkaError) -> Entry:
    """The entry of a record that Kafka, or its client, did not take."""
    code = ErrorCode.KAFKA_RETRIABLE if error.code() in _RETRIABLE else ErrorCode.KAFKA_ERROR
    return Entry(error_code=code.code, error=error.str())


def too_large(size: int, limit: int) -> Entry:
    """The entry of a record whose key and value have more bytes than the limit."""
    message = f"Key and value have {size} bytes; the limit is {limit}"
    return Entry(error_code=ErrorCode.KAFKA_ERROR.code, error=message)
