"""A REST API under test, before a REST proxy of its own, and what it put into streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx

from common.clients import s3_client
from common.settings import Settings
from services.provision.api import ensure_api
from services.provision.streams import ensure_streams
from tests.integration.rest_proxy.proxy import running_proxy

# Bytes that a careless gateway would change: number formats, escapes, blanks, signs of its template language.
TEXTS = [
    '{ "index": 7528, "title": "é😀\\u00e9 \\"quoted\\" \'single\' back\\\\slash" }',
    '{"n": 12345678901234567890123456789, "f": 1.10, "g": -0, "h": 1e400}',
    "no JSON at all: $input.path('$') #set($a = 1) #end ## ${b} \\u0000 日本語 \t\r\n",
    "",
]
# An object that a bucket has, and one that must not come into it.
KEPT, STOLEN = "kept.txt", "stolen.txt"
JSON = {"Content-Type": "application/json"}


@contextmanager
def running_api(kafka: Settings, localstack: Settings, folder: Path) -> Iterator[Settings]:
    """A user of its own with API and streams, and a REST proxy behind them."""
    with running_proxy(kafka, folder) as proxy:
        own = {"USER_ID": uuid4().hex[:12], "API_REST_PROXY_URL": proxy.settings.rest_proxy.url}
        user = localstack.replace(**own)
        assert ensure_streams(user) == []
        assert ensure_api(user)
        yield user


def status_of(api: httpx.Client, stream: str) -> str:
    """Return the status of a stream, as the API describes it."""
    status: str = api.get(f"/streams/{stream}").json()["StreamDescription"]["StreamStatus"]
    return status


def put_records(api: httpx.Client, stream: str, *records: object) -> httpx.Response:
    """Put the records into the stream by one request, and return its answer."""
    return api.put(f"/streams/{stream}/records", json={"records": records})


def keys(user: Settings, bucket: str) -> list[str]:
    """Return the keys of the bucket's objects."""
    return [each["Key"] for each in s3_client(user).list_objects_v2(Bucket=bucket).get("Contents", [])]
