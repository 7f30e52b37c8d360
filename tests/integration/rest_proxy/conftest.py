"""A REST proxy before a real Kafka: one for the files that need nothing particular of it."""

from collections.abc import Iterator

import pytest

from common.settings import Settings
from tests.integration.rest_proxy.proxy import MAX_BODY, MAX_RECORDS, Proxy, new_topic, running_proxy


@pytest.fixture(scope="package")
def proxy(kafka: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy with small limits."""
    limits = {"REST_PROXY_MAX_BODY_BYTES": MAX_BODY, "REST_PROXY_QUEUE_RECORDS": MAX_RECORDS}
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy"), **limits) as proxy:
        yield proxy


@pytest.fixture
def topic(kafka: Settings) -> str:
    """A fresh topic."""
    return new_topic(kafka)


@pytest.fixture(scope="module")
def one_topic(kafka: Settings) -> str:
    """One topic for all the requests of which nothing is written."""
    return new_topic(kafka)
