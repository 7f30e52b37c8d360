"""Every error code that the proxy answers, in one table, and the exception that carries one.

The codes are those of Confluent's REST Proxy v2 where it has one (40401, 50002, 50003); an error without
a code of its own has its HTTP status as code.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.routing import Route

MEDIA_TYPE = "application/vnd.kafka.v2+json"


class ErrorCode(Enum):
    """An error: the code in the body, and what it means. The HTTP status is its first three digits."""

    MALFORMED = 400, "The body is not JSON, not UTF-8, not the gzip it is said to be, or not base64."
    FOREIGN_ORIGIN = 403, "The request is from another site's web page."
    NOT_FOUND = 404, "No such path."
    TOPIC_NOT_FOUND = 40401, "The topic does not exist; topics are never created by a request."
    PARTITION_NOT_FOUND = 40402, "The topic does not have this partition."
    METHOD_NOT_ALLOWED = 405, "The path does not have this method."
    BODY_TIMEOUT = 408, "The body did not arrive in time."
    TOO_LARGE = 413, "The body, decoded where it is gzip, or its number of records is over the limit."
    UNSUPPORTED_ENCODING = 415, "The Content-Encoding is neither gzip nor identity."
    UNSUPPORTED_TYPE = 41501, "The content type is not one that this path takes."
    UNKNOWN_HOST = 421, "The host is none by which this server is called."
    INVALID = 422, "The body is empty, or JSON of another shape than the request's."
    INTERNAL = 500, "A fault of the proxy; its log has the trace."
    KAFKA_ERROR = 50002, "Kafka refused this record, and would refuse it again."
    KAFKA_RETRIABLE = 50003, "Kafka did not acknowledge this record in time; send it again."
    OVERLOADED = 50301, "Too much is in flight; nothing of this request was written."
    KAFKA_UNAVAILABLE = 50302, "Kafka does not answer; nothing of this request was written."

    def __init__(self, code: int, meaning: str) -> None:
        self.code = code
        self.meaning = meaning
        self.status = int(str(code)[:3])


class ApiError(Exception):
    """A request that is answered with an error, and nothing of it written.

    Args:
        error: the row of the table.
        message: what is wrong with this request, and where.
        retry_after: seconds after which it is worth trying again.
        headers: further headers of the answer.
    """

    def __init__(
        self,
        error: ErrorCode,
        message: str,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.error = error
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def answer(error: ErrorCode, message: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """The body of every error: `{"error_code": int, "message": str}`."""
    content = {"error_code": error.code, "message": message or error.meaning}
    return JSONResponse(content, status_code=error.status, headers=headers, media_type=MEDIA_TYPE)


class ErrorBody(BaseModel):
    """The body of every error."""

    error_code: int
    message: str


def responses(*codes: ErrorCode) -> dict[int | str, dict[str, Any]]:
    """The documentation of these errors, by HTTP status."""
    meanings: dict[int | str, list[str]] = {}
    for error in codes:
        meanings.setdefault(error.status, []).append(f"{error.code}: {error.meaning}")
    content = {MEDIA_TYPE: {"schema": ErrorBody.model_json_schema()}}
    return {
        status: {"description": " ".join(lines), "content": content} for status, lines in meanings.items()
    }


async def answer_api_error(_request: Request, error: ApiError) -> JSONResponse:
    """The answer to an `ApiError`."""
    return answer(error.error, str(error), error.headers)


async def answer_not_found(_request: Request, _error: Exception) -> JSONResponse:
    """The answer to an unknown path."""
    return answer(ErrorCode.NOT_FOUND)


async def answer_method_not_allowed(request: Request, _error: Exception) -> JSONResponse:
    """The answer to an unknown method, with those of all the path's routes (the framework tells the first's)."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    methods = {
        method
        for route in routes
        if route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }
    return answer(ErrorCode.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(methods))})


async def answer_fault(_request: Request, _error: Exception) -> JSONResponse:
    """The answer to a fault of ours; the framework logs its trace."""
    return answer(ErrorCode.INTERNAL)
