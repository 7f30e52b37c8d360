"""A REST API on a real LocalStack with a REST proxy behind it, a stream and a bucket to work on."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from common.api import invoke_url
from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from tests.integration.api_gateway.gateway import KEPT, keys, running_api, status_of


@pytest.fixture(scope="package")
def user(
    kafka: Settings, localstack: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with running_api(kafka, localstack, tmp_path_factory.mktemp("proxy")) as user:
        yield user


@pytest.fixture(scope="package")
def api(user: Settings) -> Iterator[httpx.Client]:
    """A client of the API's invoke URL; time for LocalStack's Kinesis on a busy machine."""
    with httpx.Client(base_url=invoke_url(user), timeout=60) as client:
        yield client


@pytest.fixture
def stream(api: httpx.Client) -> Iterator[str]:
    """A fresh stream of one shard, made and removed through the API."""
    name = f"test-{uuid4().hex[:12]}"
    assert api.post(f"/streams/{name}", json={"ShardCount": 1}).status_code == 200
    wait_until(lambda: status_of(api, name) == "ACTIVE", timeout=60, what=f"{name} to be active")
    yield name
    assert api.delete(f"/streams/{name}").status_code == 200


@pytest.fixture
def bucket(user: Settings) -> Iterator[str]:
    """A bucket of one object."""
    name, client = f"test-{uuid4().hex[:12]}", s3_client(user)
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key=KEPT, Body=b"kept")
    yield name
    for key in keys(user, name):
        client.delete_object(Bucket=name, Key=key)
    client.delete_bucket(Bucket=name)
