"""The OpenAPI document: FastAPI's own, and the routes that produce, which are outside of FastAPI's machinery."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.rest_proxy.errors import MEDIA_TYPE, ErrorCode, responses
from services.rest_proxy.pin import CONTENT_TYPE as PIN_TYPE
from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE

JSON = dict[str, Any]

_PARTITION: JSON = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": 2**31 - 1,
    "description": "When it is missing or null, the path's, else Kafka's client chooses it.",
}
_NO_SCHEMA: JSON = {
    "type": "null",
    "description": "Clients that know schemas send it; these formats have none.",
}
_SCHEMAS = ("key_schema", "key_schema_id", "value_schema", "value_schema_id")
_BASE64: JSON = {
    "type": ["string", "null"],
    "pattern": "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}
_ENTRY: JSON = {
    "type": "object",
    "required": ["partition", "offset", "error_code", "error"],
    "additionalProperties": False,
    "properties": {
        "partition": {"type": ["integer", "null"]},
        "offset": {"type": ["integer", "null"]},
        "error_code": {
            "enum": [None, ErrorCode.KAFKA_ERROR.code, ErrorCode.KAFKA_RETRIABLE.code],
            "description": f"{ErrorCode.KAFKA_ERROR.meaning} / {ErrorCode.KAFKA_RETRIABLE.meaning}",
        },
        "error": {"type": ["string", "null"]},
    },
}
_ANSWER: JSON = {
    "type": "object",
    "required": ["offsets", "key_schema_id", "value_schema_id"],
    "additionalProperties": False,
    "properties": {
        "offsets": {"type": "array", "minItems": 1, "items": _ENTRY},
        "key_schema_id": {"type": "null"},
        "value_schema_id": {"type": "null"},
    },
}
_ERRORS = (
    ErrorCode.MALFORMED,
    ErrorCode.FOREIGN_ORIGIN,
    ErrorCode.TOPIC_NOT_FOUND,
    ErrorCode.BODY_TIMEOUT,
    ErrorCode.TOO_LARGE,
    ErrorCode.UNSUPPORTED_ENCODING,
    ErrorCode.UNSUPPORTED_TYPE,
    ErrorCode.UNKNOWN_HOST,
    ErrorCode.INVALID,
    ErrorCode.INTERNAL,
    ErrorCode.OVERLOADED,
    ErrorCode.KAFKA_UNAVAILABLE,
)
_RECORD_ERRORS = (ErrorCode.KAFKA_ERROR, ErrorCode.KAFKA_RETRIABLE)
_TOPIC: JSON = {"name": "topic", "in": "path", "required": True, "schema": {"type": "string"}}
_IN_PATH: JSON = {
    "name": "partition",
    "in": "path",
    "required": True,
    "schema": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
}
_ENCODED = "The body may be gzip (Content-Encoding)."


def document(app: FastAPI) -> JSON:
    """The document of all routes."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schema["paths"]["/topics/{topic}"]["post"] = _produce_operation("produce", "Produce records")
        schema["paths"]["/topics/{topic}/partitions/{partition}"] = {
            "post": _produce_operation(
                "produceToPartition",
                "Produce records to one partition",
                _IN_PATH,
                ErrorCode.PARTITION_NOT_FOUND,
            )
        }
        schema["paths"]["/pin/"] = {"post": _pin_operation()}
        app.openapi_schema = schema
    return app.openapi_schema


def _produce_operation(name: str, summary: str, in_path: JSON | None = None, *errors: ErrorCode) -> JSON:
    return {
        "operationId": name,
        "summary": summary,
        "description": (
            "Answers 200 when each record is acknowledged by all in-sync replicas or has failed by itself: "
            f"look at every entry. Any other status means that nothing of the request was written. {_ENCODED}"
        ),
        "parameters": [_TOPIC, *([in_path] if in_path else [])],
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": _request({"description": "Any JSON value, kept byte for byte."})},
                BINARY_TYPE: {"schema": _request(_BASE64)},
            },
        },
        "responses": {
            "200": {
                "description": "One entry per record, in order.",
                "content": {MEDIA_TYPE: {"schema": _ANSWER}},
            },
            **{str(status): answer for status, answer in responses(*_ERRORS, *errors).items()},
        },
    }


def _pin_operation() -> JSON:
    place = {
        "type": "object",
        "required": ["topic", "partition", "offset"],
        "additionalProperties": False,
        "properties": {
            "topic": {"type": "string"},
            "partition": {"type": "integer"},
            "offset": {"type": "integer"},
        },
    }
    answer = {
        "type": "object",
        "required": ["offsets"],
        "additionalProperties": False,
        "properties": {"offsets": {"type": "array", "minItems": 2, "maxItems": 2, "items": place}},
    }
    post = {"type": "object", "description": "A post, kept byte for byte."}
    return {
        "operationId": "pin",
        "summary": "Produce one post to the topics for batch and for streaming",
        "description": (
            "Answers 200 when both topics have acknowledged it. After 50002 and 50003 one of them may have it; "
            f"any other status means that nothing was written. {_ENCODED}"
        ),
        "requestBody": {"required": True, "content": {PIN_TYPE: {"schema": post}}},
        "responses": {
            "200": {"description": "Where the post is.", "content": {PIN_TYPE: {"schema": answer}}},
            **{str(status): answer for status, answer in responses(*_ERRORS, *_RECORD_ERRORS).items()},
        },
    }


def _request(value: JSON) -> JSON:
    record = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"key": value, "value": value, "partition": _PARTITION},
    }
    return {
        "type": "object",
        "required": ["records"],
        "additionalProperties": False,
        "properties": {
            "records": {"type": "array", "minItems": 1, "items": record},
            **dict.fromkeys(_SCHEMAS, _NO_SCHEMA),
        },
    }
