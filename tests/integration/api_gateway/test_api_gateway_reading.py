"""Streams are read through the REST API: GetShardIterator and GetRecords of LocalStack's Kinesis."""

from base64 import b64decode

import httpx
import pytest

from tests.integration.api_gateway.gateway import TEXTS, put_records


def iterator_of(api: httpx.Client, stream: str) -> str:
    """An iterator at the first record of the stream's only shard."""
    [shard] = api.get(f"/streams/{stream}").json()["StreamDescription"]["Shards"]
    answer = api.get(f"/streams/{stream}/sharditerator", params={"shard-id": shard["ShardId"]})
    assert answer.status_code == 200, answer.text
    iterator: str = answer.json()["ShardIterator"]
    return iterator


@pytest.mark.parametrize(
    ("place", "name"),
    [("headers", "Shard-Iterator"), ("headers", "shard-iterator"), ("params", "shard-iterator")],
)
def test_a_stream_is_read_by_its_iterators(api: httpx.Client, stream: str, place: str, name: str) -> None:
    rows = [{"data": text, "partition-key": str(number)} for number, text in enumerate(TEXTS)]
    assert put_records(api, stream, *rows).json()["FailedRecordCount"] == 0
    iterator = iterator_of(api, stream)
    found: list[tuple[str, str]] = []
    while len(found) < len(rows):
        answer = api.get(f"/streams/{stream}/records", **{place: {name: iterator}})  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        assert isinstance(answer.json()["MillisBehindLatest"], int)
        found += [
            (each["PartitionKey"], b64decode(each["Data"]).decode()) for each in answer.json()["Records"]
        ]
        iterator = answer.json()["NextShardIterator"]
    assert found == [(row["partition-key"], row["data"]) for row in rows]


def test_without_a_shard_of_the_stream_there_is_no_iterator(api: httpx.Client, stream: str) -> None:
    path, ours = f"/streams/{stream}/sharditerator", {"shard-id": "shardId-000000000000"}
    answers = {
        "no shard": api.get(path),
        "another shard": api.get(path, params={"shard-id": "shardId-000000000009"}),
        "no such text": api.get(path, params={"shard-id": '"}'}),
        "no stream": api.get("/streams/nowhere/sharditerator", params=ours),
    }
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(answers, 400)
    assert answers["no stream"].json()["__type"] == "ResourceNotFoundException"
    assert api.get(path, params=ours, headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("headers", [{}, {"Shard-Iterator": 'a "quoted" one'}])
def test_without_an_iterator_of_kinesis_nothing_is_read(
    api: httpx.Client, stream: str, headers: dict[str, str]
) -> None:
    answer = api.get(f"/streams/{stream}/records", headers=headers)
    # AWS answers 400; LocalStack's Kinesis fails as it decodes the iterator.
    assert (answer.status_code, answer.json().keys()) == (500, {"__type", "message"})
