"""Streams and REST API are made where they are missing, on a real LocalStack, and left alone where they are not."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from common import health
from common.api import ApiNotFoundError, find_api, invoke_url
from common.clients import api_gateway_client, kinesis_client
from common.log import configure
from common.settings import Settings
from common.state_file import StateFile
from common.wait import wait_until
from contracts.tables import TABLES
from services.provision.api import ensure_api
from services.provision.api_definition import definition
from services.provision.streams import ensure_streams
from services.rest_proxy.records import JSON_TYPE
from stack.local.isolated import free_port
from stack.provision import keep
from tests.integration.api_gateway.gateway import TEXTS, running_api
from tests.kinesis_records import records
from tests.processes import launch_server


@pytest.fixture(scope="module")
def user(
    kafka: Settings, localstack: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with running_api(kafka, localstack, tmp_path_factory.mktemp("proxy")) as user:
        yield user


def deployments(user: Settings) -> int:
    gateway = api_gateway_client(user)
    api = find_api(gateway, user.api_name)
    assert api
    return len(gateway.get_deployments(restApiId=api)["items"])


def test_the_api_is_deployed_again_only_when_its_definition_changes(
    user: Settings,
) -> None:
    before = deployments(user)
    url = ensure_api(user)
    assert (url, deployments(user)) == (invoke_url(user), before)
    moved = user.replace(API_REST_PROXY_URL=f"http://127.0.0.1:{free_port()}")
    assert (ensure_api(moved), deployments(user)) == (url, before + 1)
    # Nothing listens there: the gateway's own error, which the emulator waits out.
    gone = httpx.post(f"{url}/topics/any", content=b"{}", headers={"Content-Type": JSON_TYPE}, timeout=60)
    assert gone.status_code == 500
    assert ensure_api(user) == url
    assert httpx.get(f"{url}/topics/nowhere", timeout=60).json()["error_code"] == 40401


def test_an_api_of_an_earlier_version_is_updated_in_place(user: Settings) -> None:
    url = invoke_url(user)
    gateway, api = api_gateway_client(user), find_api(api_gateway_client(user), user.api_name)
    assert api
    earlier = definition(user)
    earlier["paths"] = {"/topics/{proxy+}": earlier["paths"].pop("/{proxy+}"), **earlier["paths"]}
    gateway.put_rest_api(restApiId=api, mode="overwrite", body=json.dumps(earlier).encode())
    gateway.create_deployment(restApiId=api, stageName=user.api.stage, description="of an earlier version")
    assert httpx.get(f"{url}/topics", timeout=60).status_code == 403
    assert ensure_api(user) == url
    behind = httpx.get(f"{user.api.rest_proxy_url}/topics", timeout=60)
    assert httpx.get(f"{url}/topics", timeout=60).json() == behind.json()


def test_streams_that_differ_are_reported_and_left_alone(user: Settings) -> None:
    assert ensure_streams(user) == []
    wider = user.replace(KINESIS_SHARDS=2)
    assert ensure_streams(wider) == [
        f"stream {user.stream(table)} has 1 open shards, KINESIS_SHARDS is 2; it is left as it is"
        for table in TABLES
    ]


def test_the_invoke_url_is_what_is_set_or_what_the_gateway_knows(user: Settings) -> None:
    elsewhere = user.replace(API_URL="https://abc.execute-api.eu-west-1.amazonaws.com/dev")
    assert invoke_url(elsewhere) == elsewhere.api.url
    stranger = user.replace(USER_ID="nobody")
    with pytest.raises(ApiNotFoundError, match=r"no REST API 'pinterest-nobody'.*make up"):
        invoke_url(stranger)


def test_on_aws_without_a_role_the_api_is_left_alone(user: Settings) -> None:
    assert ensure_api(user.replace(API_ROLE_ARN="")) is None


def kinesis_of(user: Settings) -> psutil.Process:
    """The process of LocalStack's Kinesis."""
    program = f"{user.state_dir}/localstack/usr/lib/localstack/kinesis-local/"
    [process] = [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word.startswith(program) for word in process.info["cmdline"] or [])
    ]
    return process


def is_empty(user: Settings) -> bool:
    """Return whether the stream of pins is there and holds nothing."""
    client, stream = kinesis_client(user), user.stream("pin")
    try:
        [shard] = client.list_shards(StreamName=stream)["Shards"]
        place = {"ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = client.get_shard_iterator(StreamName=stream, **place)["ShardIterator"]  # type: ignore[arg-type]
        return not client.get_records(ShardIterator=iterator)["Records"]
    except (BotoCoreError, ClientError):
        return False


@contextmanager
def kept(user: Settings) -> Iterator[None]:
    """Provisioning has been done, and goes on watching."""
    state, stop = StateFile(user.state_dir, "provision"), threading.Event()
    watched = {"api": user.api_name}
    thread = threading.Thread(target=keep, args=(configure("test"), user, state, stop), kwargs=watched)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_after_a_restart_the_api_is_there_again_at_the_same_url(localstack: Settings, tmp_path: Path) -> None:
    """LocalStack forgets its REST APIs and its streams; its Kinesis, restarted alone, the latter."""
    port = free_port()
    own = {"LOCALSTACK_PORT": port, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "STATE_DIR": tmp_path}
    user = localstack.replace(**own)
    record = {"data": TEXTS[0], "partition-key": "1"}
    with ExitStack() as stack:
        server = launch_server(stack, user, "localstack")
        ensure_streams(user)
        url = ensure_api(user)
        assert url
        path = f"{url}/streams/{user.stream('pin')}/records"
        assert httpx.put(path, json={"records": [record]}, timeout=60).status_code == 200
        with kept(user):
            server.kill()
            # It looks each second.
            wait_until(lambda: health.problem("provision", user), timeout=60, what="provisioning to notice")
            launch_server(stack, user, "localstack")
            # LocalStack's Kinesis starts in 5 s at the first call, on a busy machine in 20.
            wait_until(
                lambda: health.problem("provision", user) is None,
                timeout=60,
                what="the API to be there again",
            )
            assert httpx.put(path, json={"records": [record]}, timeout=60).status_code == 200
            assert records(user, user.stream("pin"), 1) == [("1", TEXTS[0].encode())]
            kinesis_of(user).kill()
            # LocalStack starts it again, as above, and may be asked once while it is away, for 30 s.
            wait_until(lambda: is_empty(user), timeout=90, what="an empty stream", interval=0.5)
