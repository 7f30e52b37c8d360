"""Build a request's answer from its records' results. Pure: no I/O."""

from confluent_kafka import KafkaError
from msgspec import Struct
from msgspec.json import Encoder

from services.rest_proxy.errors import ErrorCode
from services.rest_proxy.records import ANY_PARTITION

# Kafka's own list of retriable errors, as far as a producer can meet them, and librdkafka's time-outs.
# A topic or partition that does not exist is not among them: sending again would not create it. But a partition that
# the client's library chose itself was there when it did: sent again, the record gets one that is there now.
_RETRIABLE = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._DESTROY,  # its partition left the broker for which it waited: the topic was made anew
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

_NO_PARTITION = frozenset({KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART})


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


def failed(error: KafkaError, partition: int) -> Entry:
    """The entry of a record that Kafka, or its client, did not take.

    Args:
        error: why.
        partition: the one that the record asked for, or ANY_PARTITION.
    """
    chosen = partition == ANY_PARTITION
    retriable = error.code() in _RETRIABLE or (chosen and error.code() in _NO_PARTITION)
    code = ErrorCode.KAFKA_RETRIABLE if retriable else ErrorCode.KAFKA_ERROR
    return Entry(error_code=code.code, error=error.str())


def too_large(size: int, limit: int) -> Entry:
    """The entry of a record whose key and value have more bytes than the limit."""
    message = f"Key and value have {size} bytes; the limit is {limit}"
    return Entry(error_code=ErrorCode.KAFKA_ERROR.code, error=message)
