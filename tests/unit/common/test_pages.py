"""Lists that a server hands out page by page are read to their end."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyspark_kinesis_source.streams import look_at

from common.airflow import AirflowApi
from common.api import find_api
from common.clients import api_gateway_client, kinesis_client, s3_client
from common.kinesis import shard_ids
from common.settings import Settings
from common.terminal import make_console
from contracts import landing
from operations import streamed
from operations.airflow import backfill, trigger
from operations.verify import delta_log, landed
from spark_jobs.batch.landing import new_objects
from spark_jobs.streaming import checkpoints
from stack.local.isolated import make_settings

TOPIC = "0a1b2c3d4e5f.pin"
DAYS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 5, 10, 23, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


##### Airflow #####


def _runs(state_of_the_last: str) -> list[dict[str, Any]]:
    days = [DAYS[0] + timedelta(days=number) for number in range(130)]
    states = ["success"] * 129 + [state_of_the_last]
    return [
        {"logical_date": f"{day:%Y-%m-%dT12:00:00Z}", "state": state, "duration": 1.0}
        for day, state in zip(days, states, strict=True)
    ]


Lists = dict[str, list[dict[str, Any]]]


@pytest.fixture
def airflow_with(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[[Lists], AirflowApi]:
    """An API server that has these lists by the last part of their paths, and never gives more than 100 entries."""

    def make(lists: Lists) -> AirflowApi:
        def answer(request: httpx.Request) -> httpx.Response:
            name = request.url.path.rpartition("/")[2]
            if name not in lists:
                return httpx.Response(200, json={"access_token": "x", "completed_at": "2026-05-11T00:00:00Z"})
            start = int(request.url.params.get("offset", 0))
            end = start + min(int(request.url.params.get("limit", 50)), 100)
            key = {"dagRuns": "dag_runs", "taskInstances": "task_instances"}.get(name, name)
            return httpx.Response(200, json={key: lists[name][start:end], "total_entries": len(lists[name])})

        client = partial(httpx.Client, transport=httpx.MockTransport(answer))
        monkeypatch.setattr(httpx, "Client", client)
        return AirflowApi(settings)

    return make


def test_a_day_that_failed_after_the_hundredth_fails_the_backfill(
    airflow_with: Callable[[Lists], AirflowApi],
) -> None:
    console = make_console(quiet=True)
    assert not backfill.follow(airflow_with({"dagRuns": _runs("failed")}), 1, DAYS, console)
    assert backfill.follow(airflow_with({"dagRuns": _runs("success")}), 1, DAYS, console)


def test_all_of_a_runs_tasks_are_read(airflow_with: Callable[[Lists], AirflowApi]) -> None:
    tasks = [{"task_id": name} for name in ["landed"] * 60 + ["answers"] * 60]
    assert len(trigger.tasks_of(airflow_with({"taskInstances": tasks}), "run")) == 120


def test_our_dag_is_found_among_many_like_it(airflow_with: Callable[[Lists], AirflowApi]) -> None:
    others = [{"dag_id": f"my_pinterest_batch_{number}"} for number in range(120)]
    assert trigger.known(airflow_with({"dags": [*others, {"dag_id": "pinterest_batch"}]}))
    assert not trigger.known(airflow_with({"dags": others}))


def test_a_list_that_shrinks_meanwhile_ends(
    airflow_with: Callable[[Lists], AirflowApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = airflow_with({})
    pages = iter([{"dags": [{}], "total_entries": 2}, {"dags": [], "total_entries": 1}])
    monkeypatch.setattr(api, "get", lambda *_, **__: next(pages))
    assert api.get_all("dags", "dags") == [{}]


##### Kinesis #####


class Streams:
    """Kinesis with one stream, whose shards it lists two a page; as AWS, it takes either a name or a token."""

    SHARDS = tuple(f"shardId-{number:012}" for number in range(5))

    def list_shards(self, **given: str) -> dict[str, Any]:
        assert len(given) == 1
        start = int(given.get("NextToken", 0))
        page: dict[str, Any] = {"Shards": [{"ShardId": each} for each in self.SHARDS[start : start + 2]]}
        return page | ({"NextToken": str(start + 2)} if start + 2 < len(self.SHARDS) else {})

    def describe_stream_summary(self, **_: str) -> dict[str, Any]:
        summary = {"StreamCreationTimestamp": datetime.now(UTC), "RetentionPeriodHours": 24}
        return {"StreamDescriptionSummary": summary, "ResponseMetadata": {"HTTPHeaders": {}}}


def test_every_shard_of_a_stream_is_listed() -> None:
    client: Any = Streams()
    assert tuple(shard_ids(client, "pin")) == Streams.SHARDS
    assert tuple(look_at(client, "pin", retries=0).parents) == Streams.SHARDS


def test_streamed_waits_for_every_shard(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed, "kinesis_client", lambda _: Streams())
    monkeypatch.setattr(streamed, "numbers_after", lambda *_: [7])
    start = dict.fromkeys(((settings.stream("pin"), shard) for shard in Streams.SHARDS), 0)
    start |= dict.fromkeys(((settings.stream("geo"), shard) for shard in Streams.SHARDS), 0)
    start |= dict.fromkeys(((settings.stream("user"), shard) for shard in Streams.SHARDS), 0)
    assert streamed.waiting(settings, start) == {shard: [7] for shard in start}


##### S3 and API Gateway: boto3's own clients, with this in the place of the server #####


class Bucket:
    """Answers of S3 that lists two keys or folders a page."""

    def __init__(self, *keys: str) -> None:
        self.keys = sorted(keys)

    def __call__(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        if operation == "DeleteObjects":
            gone = {each["Key"] for each in given["Delete"]["Objects"]}
            self.keys = [key for key in self.keys if key not in gone]
            return {}
        assert operation == "ListObjectsV2"
        after = given.get("ContinuationToken") or given.get("StartAfter", "")
        found = [key for key in self.keys if key.startswith(given["Prefix"])]
        if delimiter := given.get("Delimiter"):
            folders = {self._folder(key, given["Prefix"], delimiter) for key in found}
            return self._page("CommonPrefixes", "Prefix", [each for each in sorted(folders) if each > after])
        return self._page("Contents", "Key", [key for key in found if key > after])

    def _folder(self, key: str, prefix: str, delimiter: str) -> str:
        return prefix + key.removeprefix(prefix).partition(delimiter)[0] + delimiter

    def _page(self, name: str, field: str, found: list[str]) -> dict[str, Any]:
        entries = [{field: each, "Size": 1, "ETag": f"of {each}"} for each in found[:2]]
        more = {"NextContinuationToken": found[1]} if len(found) > 2 else {}
        return {name: entries, "IsTruncated": bool(more)} | more


@pytest.fixture
def landing_zone() -> Bucket:
    return Bucket(
        *(
            landing.object_key(TOPIC, partition, start)
            for partition in range(5)
            for start in (0, 10, 20, 30, 40)
        )
    )


def _client(make: Callable[[Settings], Any], settings: Settings, answer: Callable[..., Any]) -> Any:  # noqa: ANN401
    client = make(settings)
    client._make_api_call = answer
    return client


def test_the_batch_job_finds_every_object_of_every_partition(
    settings: Settings, landing_zone: Bucket
) -> None:
    s3 = _client(s3_client, settings, landing_zone)
    assert [each.key for each in new_objects(s3, settings, TOPIC, {})] == landing_zone.keys


def test_verify_reads_every_object_below_the_end(
    settings: Settings, landing_zone: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landed, "s3_client", lambda each: _client(s3_client, each, landing_zone))
    monkeypatch.setattr(landed, "read_object", lambda *_: b"{}\n" * 10)
    listed = landed.listed(settings, TOPIC, dict.fromkeys(range(5), 50))
    assert [each.key for each in listed] == landing_zone.keys
    assert len(landed.read(settings, listed)) == 25


def test_verify_reads_all_of_a_delta_log(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def commit(_: object, __: str, key: str) -> bytes:
        number = int(Path(key).stem)
        return f'{{"add": {{"path": "part-{number}"}}}}\n'.encode()

    log = Bucket(*(f"pin/_delta_log/{number:020}.json" for number in range(5)))
    monkeypatch.setattr(delta_log, "read_object", commit)
    found = delta_log.files(_client(s3_client, settings, log), "bucket", "pin")
    assert found == [f"s3a://bucket/pin/part-{number}" for number in range(5)]


def test_all_of_a_checkpoint_is_removed(settings: Settings) -> None:
    bucket = Bucket(*(f"checkpoints/streaming/speed/commits/{number}" for number in range(5)), "other")
    assert checkpoints.forget(_client(s3_client, settings, bucket), "bucket", "speed")
    assert bucket.keys == ["other"]


def test_our_rest_api_is_found_on_any_page(settings: Settings) -> None:
    def apis() -> Iterator[dict[str, Any]]:
        for number in range(5):
            yield {"id": f"id-{number}", "name": f"api-{number}", "createdDate": datetime.now(UTC)}

    def answer(_: str, given: dict[str, Any]) -> dict[str, Any]:
        start = int(given.get("position", 0))
        more = {"position": str(start + 2)} if start + 2 < 5 else {}
        return {"items": list(apis())[start : start + 2]} | more

    assert find_api(_client(api_gateway_client, settings, answer), "api-4") == "id-4"


def test_boto3_itself_has_no_pages_of_stages(settings: Settings) -> None:
    """So the one call of `get_stages` gives all of an API; Kinesis' summary likewise is one answer."""
    assert not api_gateway_client(settings).can_paginate("get_stages")
    assert not kinesis_client(settings).can_paginate("describe_stream_summary")
