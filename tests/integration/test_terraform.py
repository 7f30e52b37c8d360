"""The pipeline through what Terraform makes at LocalStack, and its jobs' policies against the calls that they make."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from contracts.delta_tables import BATCH, SPEED
from contracts.tables import TABLES, Table
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.steps import provision_aws
from services.provision.topics import ensure_pin_topics, ensure_topics
from services.source.fill import ensure_source
from stack.local.isolated import START_SECONDS, ServiceProcess
from stack.terraform.localstack import apply, destroy, of_localstack
from stack.terraform.program import Terraform, is_installed
from tests.e2e.stages import served_rows, source_rows
from tests.iam_policies import refused, unused
from tests.integration.aws_calls import Call, stream_arn
from tests.integration.rest_proxy.proxy import running_proxy
from tests.integration.terraform_lab import Calls, Jobs, recorded, run, stored
from tests.kinesis_records import records, stream_names
from tests.plain_cleaning import CLEAN

# Servers start in half a minute, Terraform needs two for all and half of one for a change, the jobs one; on a busy
# machine three times that.
pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="terraform is not installed"),
    pytest.mark.timeout(800),
]
ROWS = 60
# Spark's start and the first micro-batches take 40 s on two cores; on a busy machine eight times that.
SPEED_SECONDS = 320.0


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
    user = secrets.token_hex(6)
    topics = {"PIN_BATCH_TOPIC": f"{user}-batch", "PIN_STREAMING_TOPIC": f"{user}-streaming"}
    few = {"SOURCE_ROWS": ROWS, "SOURCE_SEED": 5, "KAFKA_PARTITIONS": 1, "SPARK_MASTER": "local[2]"}
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy")) as proxy, ThreadPoolExecutor() as pool:
        url = proxy.settings.rest_proxy.url
        settings = kafka.replace(USER_ID=user, **topics, **few, API_REST_PROXY_URL=url)
        terraform = of_localstack(settings)
        terraform.init()
        # It waits most of its minute for LocalStack to be as told, ten times in a row.
        applying = pool.submit(apply, terraform)
        ensure_source(settings)
        ensure_rights(settings)
        assert ensure_topics(settings) == []
        assert ensure_pin_topics(settings) == []
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


def landed(settings: Settings) -> int:
    """Return how many records are in the landing zone."""
    s3, bucket = s3_client(settings), settings.bucket
    objects = s3.list_objects_v2(Bucket=bucket, Prefix="topics/").get("Contents", [])
    return sum(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().count(b"\n") for each in objects)


@pytest.fixture(scope="module")
def calls(
    made: Made,
    postgres: Settings,  # noqa: ARG001 - it has to run
    tmp_path_factory: pytest.TempPathFactory,
) -> Calls:
    """All posts are sent, landed, cleaned and served: the calls of each job."""
    ensure_schema(made.settings)
    jobs = Jobs(made.settings, tmp_path_factory.mktemp("jobs"))
    jobs.run("emulator", "emulator")
    with jobs.started("streaming", "spark_jobs.streaming") as writer:
        land(jobs)
        wait_for_speed_path(made.settings, writer)
    jobs.vacuum("streaming", SPEED)
    jobs.run("batch", "tests.integration.batch_by_both_writers")
    jobs.move()
    return jobs.calls


def land(jobs: Jobs) -> None:
    """Run the S3 sink until all posts have landed."""
    with jobs.started("sink", "services.s3_sink"):
        wait_until(
            lambda: landed(jobs.settings) == 3 * ROWS, timeout=START_SECONDS, what="all records to land"
        )
        # It looks at idle partitions' ends every few seconds.
        wait_until(
            lambda: "s3:GetObject" in {call.action for call in jobs.calls["sink"].copy()},
            timeout=START_SECONDS,
            what="the sink to look at what it has landed",
        )


def wait_for_speed_path(settings: Settings, writer: ServiceProcess) -> None:
    """Wait until the streaming writer has stored all posts, in Postgres and Delta."""

    def complete() -> bool:
        assert writer.running, writer.output()
        rows = [served_rows(settings, table, "speed") for table in TABLES]
        rows += [stored(settings, table, SPEED) for table in TABLES]
        return all(len(each) == ROWS for each in rows)

    try:
        wait_until(complete, timeout=SPEED_SECONDS, what="the speed path's rows", interval=1)
    except TimeoutError as error:
        raise TimeoutError(f"{error}\n{writer.output()[-4000:]}") from None


@pytest.mark.usefixtures("calls")
def test_posts_reach_kinesis_and_the_bucket(made: Made) -> None:
    assert landed(made.settings) == 3 * ROWS
    for table in TABLES:
        assert len(records(made.settings, made.settings.stream(table), ROWS)) == ROWS


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize("table", TABLES)
def test_both_paths_serve_what_was_sent(made: Made, table: Table) -> None:
    posts = [tuple(CLEAN[table](row)) for row in source_rows(made.settings, table)]
    assert len(posts) == ROWS
    for schema, layer in (("batch", BATCH), ("speed", SPEED)):
        assert served_rows(made.settings, table, schema) == posts
        assert stored(made.settings, table, layer) == posts


@pytest.mark.usefixtures("calls")
def test_provisioning_finds_all_there_and_nothing_has_drifted(made: Made) -> None:
    gateway, api = api_gateway_client(made.settings), made.output("api_id")
    assert find_api(gateway, made.settings.api_name) == api
    assert provision_aws(configure("test"), made.settings) == invoke_url(made.settings)
    assert len(gateway.get_deployments(restApiId=api)["items"]) == 1
    assert made.drift() == ""


@pytest.mark.parametrize("job", ["emulator", "sink", "streaming", "batch"])
def test_a_job_s_policy_is_what_it_needs(made: Made, calls: Calls, job: str) -> None:
    compare(made, job, calls[job])


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
