"""Finding the REST API in API Gateway by its name."""

from typing import TYPE_CHECKING

from common.clients import api_gateway_client
from common.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


class ApiNotFoundError(Exception):
    """There is no REST API of our name; the message says what to do."""


def find_api(client: "APIGatewayClient", name: str) -> str | None:
    """The id of the REST API of this name, or None. API Gateway allows several of one name: the oldest counts."""
    pages = client.get_paginator("get_rest_apis").paginate()
    found = [api for page in pages for api in page["items"] if api["name"] == name]
    oldest = min(found, key=lambda api: (api["createdDate"], api["id"]), default=None)
    return None if oldest is None else oldest["id"]


def invoke_url(settings: Settings) -> str:
    """Return where to post: API_URL where it is set, else the invoke URL of the API, as API Gateway knows it.

    Raises:
        ApiNotFoundError: there is no such API.
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: API Gateway does not answer, or refuses.
    """
    if settings.api.url:
        return settings.api.url
    api_id = find_api(api_gateway_client(settings), settings.api_name)
    if api_id is None:
        raise ApiNotFoundError(
            f"API Gateway has no REST API {settings.api_name!r}. `make up` makes it; or set API_URL in .env."
        )
    return url_of(settings, api_id)


def url_of(settings: Settings, api_id: str) -> str:
    """The invoke URL of the API with this id, on AWS or on LocalStack."""
    if settings.aws.endpoint_url:
        return f"{settings.aws.endpoint_url}/_aws/execute-api/{api_id}/{settings.api.stage}"
    return f"https://{api_id}.execute-api.{settings.aws.region}.amazonaws.com/{settings.api.stage}"
