"""The errors of the API, in Databricks' form: `{"error_code": ..., "message": ...}`."""

from fastapi import Request
from fastapi.responses import JSONResponse


class ApiError(Exception):
    """The answer to a request that cannot be done.

    Attributes:
        status: the HTTP status.
        code: for programs, such as INVALID_PARAMETER_VALUE.
        message: for people: what is wrong, and what to do.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def invalid(message: str) -> ApiError:
    """Return the error of a request whose parameters are wrong."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


async def answer_api_error(_: Request, error: Exception) -> JSONResponse:
    """Answer as the error says."""
    if not isinstance(error, ApiError):
        raise error
    return _answer(error.status, error.code, error.message)


async def answer_unknown(request: Request, _: Exception) -> JSONResponse:
    """Answer a request to a path, or with a method, that is not served."""
    message = (
        f"No API found for '{request.method} {request.url.path}'; docs/workspace.md lists those that are"
    )
    return _answer(404, "ENDPOINT_NOT_FOUND", message)


async def answer_fault(_: Request, error: Exception) -> JSONResponse:
    """Answer where the service itself is at fault."""
    return _answer(500, "INTERNAL_ERROR", f"{type(error).__name__}; `make logs SERVICE=jobs` says more")


def _answer(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error_code": code, "message": message}, status)
