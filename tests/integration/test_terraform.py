"""The pipeline through what Terraform makes at LocalStack, and its jobs' policies against the calls that they make."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from dotenv import dotenv_values

from common.api import find_api, invoke_url
from common.clients import api_gateway_client, s3_client
from common.log import configure
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES
from services.provision.kafka_rights import ensure_rights
from services.provision.steps import provision_aws
from services.provision.topics import ensure_topics
from services.source.fill import ensure_source
from stack.local.isolated import START_SECONDS, ServiceProcess
from stack.terraform.localstack import apply, destroy, of_localstack
from stack.terraform.program import Terraform, is_installed
from tests.iam_policies import refused, unused
from tests.integration.aws_calls import Call, CallRecorder, stream_arn
from tests.integration.rest_proxy.proxy import running_proxy
from tests.kinesis_records import records, stream_names

# Servers start in half a minute, Terraform needs two for all and half of one for a change; on a busy machine three
# times that.
pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="terraform is not installed"),
    pytest.mark.timeout(600),
]
ROWS = 60
# The emulator takes 3 s; on a busy machine ten times that, and its start.
JOB_SECONDS = 60.0


class Made(NamedTuple):
    """The things that Terraform made: with which settings they are used, and Terraform to ask and change them."""

    settings: Settings
    terraform: Terraform

    def output(self, name: str) -> Any:  # noqa: ANN401 - of any type
        """Return an output."""
        return json.loads(done(self.terraform, "output", "-json", name))

    def drift(self) -> str:
        """Return what Terraform would change: nothing, if all is as it made it."""
        planned = self.terraform.run("plan", "-input=false", "-no-color", "-detailed-exitcode")
        assert planned.returncode in {0, 2}, planned.stderr
        return planned.stdout.partition("Terraform will perform")[2] if planned.returncode else ""


def done(terraform: Terraform, *words: str) -> str:
    """Run a command of Terraform's that has to succeed, and return its output."""
    ended = terraform.run(*words)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def made(
    kafka: Settings,
    localstack: Settings,  # noqa: ARG001 - it has to run
    mysql: Settings,  # noqa: ARG001 - likewise
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Made]:
    """All that Terraform makes, between real servers; destroyed at the end, which must leave nothing."""
    own = {"USER_ID": secrets.token_hex(6), "SOURCE_ROWS": ROWS, "SOURCE_SEED": 5, "KAFKA_PARTITIONS": 1}
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy")) as proxy, ThreadPoolExecutor() as pool:
        url = proxy.settings.rest_proxy.url
        settings = kafka.replace(**own, API_REST_PROXY_URL=url)
        terraform = of_localstack(settings)
        terraform.init()
        # It waits most of its minute for LocalStack to be as told, ten times in a row.
        applying = pool.submit(apply, terraform)
        ensure_source(settings)
        ensure_rights(settings)
        assert ensure_topics(settings) == []
        applied = applying.result()
        assert applied.returncode == 0, applied.stderr
        yield Made(settings, terraform)
        destroyed = destroy(terraform)
        assert destroyed.returncode == 0, destroyed.stderr
        assert left_over(settings) == []


def left_over(settings: Settings) -> list[str]:
    """Return the names of what is there of this user."""
    buckets = [each["Name"] for each in s3_client(settings).list_buckets()["Buckets"]]
    pages = api_gateway_client(settings).get_paginator("get_rest_apis").paginate()
    apis = [each["name"] for page in pages for each in page["items"]]
    return [name for name in (*buckets, *apis, *stream_names(settings)) if settings.user_id in name]


@contextmanager
def recorded(settings: Settings, calls: set[Call]) -> Iterator[Settings]:
    """Yield settings whose AWS is a server that notes the calls."""
    with CallRecorder(settings.aws.endpoint_url, calls) as recorder:
        yield settings.replace(AWS_ENDPOINT_URL=recorder.url)


def run(settings: Settings, folder: Path, *command: str) -> None:
    """Run a job to its end, which must be a good one."""
    with ServiceProcess(settings, *command, log=folder / f"{command[0]}.log") as job:
        assert job.process
        assert job.process.wait(JOB_SECONDS) == 0, job.output()


def landed(settings: Settings) -> int:
    """Return how many records are in the landing zone."""
    s3, bucket = s3_client(settings), settings.bucket
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="topics/").get("Contents", [])
    return sum(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().count(b"\n") for each in objects)


Calls = dict[str, set[Call]]


@pytest.fixture(scope="module")
def sent(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """All posts are sent, and landed: the calls of emulator and S3 sink."""
    folder = tmp_path_factory.mktemp("sent")
    calls: Calls = {"emulator": set(), "sink": set()}
    with recorded(made.settings, calls["emulator"]) as own:
        run(own, folder, "emulator")
    with (
        recorded(made.settings, calls["sink"]) as own,
        ServiceProcess(own, "services.s3_sink", log=folder / "sink.log"),
    ):
        wait_until(
            lambda: landed(made.settings) == 3 * ROWS, timeout=START_SECONDS, what="all records to land"
        )
        # It looks at idle partitions' ends every few seconds.
        wait_until(
            lambda: "s3:GetObject" in {call.action for call in calls["sink"].copy()},
            timeout=START_SECONDS,
            what="the sink to look at what it has landed",
        )
    return calls


def test_posts_reach_kinesis_and_the_bucket(made: Made, sent: Calls) -> None:
    assert sent.keys() == {"emulator", "sink"}
    assert landed(made.settings) == 3 * ROWS
    for table in TABLES:
        assert len(records(made.settings, made.settings.stream(table), ROWS)) == ROWS


def test_provisioning_finds_all_there_and_nothing_has_drifted(made: Made) -> None:
    gateway, api = api_gateway_client(made.settings), made.output("api_id")
    assert find_api(gateway, made.settings.api_name) == api
    assert provision_aws(configure("test"), made.settings) == invoke_url(made.settings)
    assert len(gateway.get_deployments(restApiId=api)["items"]) == 1
    assert made.drift() == ""


@pytest.mark.parametrize("job", ["emulator", "sink"])
def test_a_sender_s_policy_is_what_it_needs(made: Made, sent: Calls, job: str) -> None:
    compare(made, job, sent[job])


def test_api_gateway_s_policy_is_what_its_integrations_need(made: Made) -> None:
    paths = api_gateway_client(made.settings).get_resources(
        restApiId=made.output("api_id"), limit=500, embed=["methods"]
    )["items"]
    methods = [method for path in paths for method in path.get("resourceMethods", {}).values()]
    uris = [method["methodIntegration"].get("uri", "") for method in methods]
    actions = {uri.rpartition("/")[2] for uri in uris if ":kinesis:action/" in uri}
    stream = stream_arn(made.settings.stream("pin"))
    # To list streams is a right on none of them.
    calls = {Call(f"kinesis:{each}", "*" if each == "ListStreams" else stream) for each in actions}
    compare(made, "api", calls)


def compare(made: Made, job: str, calls: set[Call]) -> None:
    """Fail where the job's policy refuses one of its calls, or allows what none of them needs."""
    policy = made.output("policies")[job]
    assert refused(policy, calls) == []
    assert unused(policy, calls) == []


def test_provisioning_s_policy_is_what_it_needs(made: Made) -> None:
    """It makes those of another user, since here it finds all there."""
    other = made.settings.replace(USER_ID=secrets.token_hex(6))
    role = made.output("role_arn").replace(made.settings.user_id, other.user_id)
    calls: set[Call] = set()
    with recorded(other.replace(API_ROLE_ARN=role), calls) as own:
        provision_aws(configure("test"), own)
    policy = made.output("policies")["provision"].replace(made.settings.user_id, other.user_id)
    assert refused(policy, calls) == []
    assert unused(policy, calls) == []


def test_an_api_that_asks_for_a_key_gets_one(made: Made, tmp_path: Path) -> None:
    asking = of_localstack(made.settings, api_authorization="api_key")
    done(asking, "apply", "-input=false", "-auto-approve")
    key = json.loads(done(asking, "output", "-json", "api_key"))
    with httpx.Client(base_url=invoke_url(made.settings), timeout=60) as client:
        for path in ("/topics", "/streams"):
            assert client.get(path, headers={"Content-Type": "application/json"}).status_code == 403
            given = {"x-api-key": key, "Content-Type": "application/json"}
            assert client.get(path, headers=given).status_code == 200
    lines = dotenv_values(stream=StringIO(done(asking, "output", "-raw", "dotenv")))
    run(made.settings.replace(API_KEY=lines["API_KEY"]), tmp_path, "emulator", "stream", "--limit", "1")
    provision_aws(configure("test"), made.settings)
    assert httpx.get(f"{invoke_url(made.settings)}/topics", timeout=60).status_code == 403
    done(made.terraform, "apply", "-input=false", "-auto-approve")
    assert httpx.get(f"{invoke_url(made.settings)}/topics", timeout=60).status_code == 200
