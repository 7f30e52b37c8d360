"""The REST API in API Gateway, made where it is missing and deployed where its definition has changed."""

import hashlib
import json
from typing import TYPE_CHECKING

from common.api import find_api, url_of
from common.clients import api_gateway_client
from common.settings import Settings
from services.provision.api_definition import definition

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient


def ensure_api(settings: Settings) -> str | None:
    """Make the REST API and its stage as `api_definition` has them; one that is as it should be is left alone.

    So is one that Terraform made, whatever it is like: it may ask its callers for a key.

    Returns:
        The invoke URL; None where the API is not ours to make, since on AWS no API_ROLE_ARN is set.

    Raises:
        botocore.exceptions.ClientError: API Gateway refuses.
    """
    if not settings.api.role_arn:
        return None
    client = api_gateway_client(settings)
    api_id = find_api(client, settings.api_name)
    if api_id is None:
        api_id = _create(client, settings)
    elif _is_terraforms(client, api_id):
        return url_of(settings, api_id)
    document = json.dumps(definition(settings), sort_keys=True)
    # The deployment carries the digest, so an import that was not followed by its deployment is done again.
    digest = f"definition {hashlib.sha256(document.encode()).hexdigest()}"
    if _deployed(client, api_id, settings.api.stage) != digest:
        client.put_rest_api(restApiId=api_id, mode="overwrite", body=document.encode())
        client.create_deployment(restApiId=api_id, stageName=settings.api.stage, description=digest)
    return url_of(settings, api_id)


def _create(client: "APIGatewayClient", settings: Settings) -> str:
    # LocalStack takes the id from this tag, so that the invoke URL is the same after a restart.
    tags = {"_custom_id_": settings.user_id} if settings.aws.endpoint_url else {}
    return client.create_rest_api(name=settings.api_name, tags=tags)["id"]


def _is_terraforms(client: "APIGatewayClient", api_id: str) -> bool:
    return client.get_rest_api(restApiId=api_id).get("tags", {}).get("ManagedBy") == "terraform"


def _deployed(client: "APIGatewayClient", api_id: str, stage: str) -> str | None:
    """The description of what the stage serves; None where there is no such stage."""
    stages = client.get_stages(restApiId=api_id)["item"]
    deployment = next((each["deploymentId"] for each in stages if each["stageName"] == stage), None)
    if deployment is None:
        return None
    return client.get_deployment(restApiId=api_id, deploymentId=deployment).get("description")
