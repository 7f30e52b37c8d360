"""`make streamed` waits for what is in the streams, on real Kinesis and Postgres."""

from collections.abc import Sequence
from contextlib import closing

import pytest

from common.clients import kinesis_client, postgres_connection
from common.settings import Settings
from common.terminal import make_console
from operations.streamed import targets, wait_for_serving
from services.provision.databases import ensure_schema
from services.provision.streams import ensure_streams


@pytest.fixture(scope="module")
def streams(localstack: Settings, postgres: Settings) -> Settings:  # noqa: ARG001 - it has to run
    settings = localstack.replace(USER_ID="streamed")
    ensure_schema(settings)
    ensure_streams(settings)
    commit(settings, *EMPTY)  # what other files' tests served
    return settings


def put(settings: Settings, stream: str, count: int) -> list[tuple[str, str]]:
    """Records into the stream; returns the shard and sequence number of each."""
    answer = kinesis_client(settings).put_records(
        StreamName=stream, Records=[{"Data": b"{}", "PartitionKey": str(n)} for n in range(count)]
    )
    return [(record["ShardId"], record["SequenceNumber"]) for record in answer["Records"]]


def commit(settings: Settings, *statements: tuple[str, Sequence[object]]) -> None:
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, values)


def is_waiting(settings: Settings) -> bool:
    try:
        wait_for_serving(settings, targets(settings), make_console(quiet=True), patience=1)
    except TimeoutError:
        return True
    return False


EMPTY = ("DELETE FROM speed.places", ()), ("DELETE FROM quarantine.stream", ())
PLACE = "INSERT INTO speed.places VALUES (%s, %s, now(), %s, %s)"
REJECT = "INSERT INTO quarantine.stream VALUES (%s, %s, %s, 'key', now(), '{not_json}', '{')"


def test_it_waits_for_the_last_record_of_each_stream(streams: Settings) -> None:
    assert not is_waiting(streams)
    *_, (shard, before), (_, last) = put(streams, streams.stream("geo"), 300)
    [(other_shard, rejected)] = put(streams, streams.stream("user"), 1)
    assert is_waiting(streams)
    commit(streams, (PLACE, ["geo", 1, before, shard]))
    commit(streams, (REJECT, [streams.stream("user"), other_shard, rejected]))
    assert is_waiting(streams)
    commit(streams, (PLACE, ["pin", 2, last, shard]))  # the same number, but another table's
    assert is_waiting(streams)
    commit(streams, (PLACE, ["geo", 2, last, shard]))
    assert not is_waiting(streams)
    commit(streams, *EMPTY)
    assert is_waiting(streams)


def test_what_was_served_of_a_stream_before_it_was_made_anew_is_no_place_in_it(streams: Settings) -> None:
    [(shard, number)] = put(streams, streams.stream("pin"), 1)
    commit(streams, *EMPTY, (PLACE, ["pin", 1, str(int(number) - 2**64), shard]))
    assert is_waiting(streams)
