"""Provisioning goes on where what it makes is there already, and fails at any other refusal."""

import io
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, KafkaException

from common import batch_progress as progress
from common import bucket as identity
from common.batch_progress import Progress
from common.settings import Settings
from contracts.tables import TABLES
from services.provision import bucket, streams, topics
from services.provision.bucket import ensure_bucket
from services.provision.streams import ensure_streams, has_none
from services.provision.topics import ensure_pin_topics, ensure_topics
from stack.local.isolated import make_settings

EXISTS = KafkaError.TOPIC_ALREADY_EXISTS
ADDRESS = "kafka.example:9092"
BOUNDS = (str(4 * 1024**3), str(256 * 1024**2))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    kafka = {"KAFKA_PARTITIONS": 3, "KAFKA_BOOTSTRAP_SERVERS": ADDRESS, "KAFKA_SECURITY": "plaintext"}
    return make_settings(tmp_path, KINESIS_SHARDS=2, **kafka)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "operation")


class Answer(Future[None]):
    """The outcome of a topic's creation; nobody waits for it without a bound."""

    def result(self, timeout: float | None = None) -> None:
        assert timeout
        super().result(timeout)


class Broker:
    """Answers the creation of a topic by its name: None if it was made, else the code of the refusal."""

    def __init__(
        self, refusals: Mapping[str, int], partitions: int = 3, bounds: tuple[str, str] = BOUNDS
    ) -> None:
        self.refusals, self.partitions = refusals, partitions
        self.bounds = dict(zip(("retention.bytes", "segment.bytes"), bounds, strict=True))
        self.made: list[Any] = []
        self.changed: list[tuple[str, dict[str, str]]] = []

    def create_topics(self, asked: list[Any], operation_timeout: float) -> dict[str, Answer]:
        assert operation_timeout > 0
        answers = {each.topic: Answer() for each in asked}
        for each in asked:
            code = self.refusals.get(each.topic)
            if code is None:
                self.made.append(each)
                answers[each.topic].set_result(None)
            else:
                answers[each.topic].set_exception(KafkaException(KafkaError(code)))
        return answers

    def list_topics(self, name: str, timeout: float) -> Any:  # noqa: ANN401 - what of the answer is read
        assert timeout > 0
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=range(self.partitions))})

    def describe_configs(self, asked: list[Any], request_timeout: float) -> dict[Any, Any]:
        assert request_timeout > 0
        held = self.bounds | {"retention.ms": "-1"}
        answer = {name: SimpleNamespace(name=name, value=value) for name, value in held.items()}
        return {each: SimpleNamespace(result=lambda _: answer) for each in asked}

    def incremental_alter_configs(self, asked: list[Any], request_timeout: float) -> dict[Any, Answer]:
        assert request_timeout > 0
        answers = {each: Answer() for each in asked}
        for each, answer in answers.items():
            self.changed.append((each.name, {entry.name: entry.value for entry in each.incremental_configs}))
            answer.set_result(None)
        return answers


def ask_broker(monkeypatch: pytest.MonkeyPatch, broker: Broker) -> Broker:
    def client(options: dict[str, str]) -> Broker:
        assert options == {"bootstrap.servers": ADDRESS}
        return broker

    monkeypatch.setattr(topics, "AdminClient", client)
    return broker


def test_topics_are_made_as_settings_say(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    broker = ask_broker(monkeypatch, Broker({}))
    assert [*ensure_topics(settings), *ensure_pin_topics(settings)] == []
    names = [
        *map(settings.topic, TABLES),
        settings.rest_proxy.pin_batch_topic,
        settings.rest_proxy.pin_streaming_topic,
    ]
    assert [each.topic for each in broker.made] == names
    assert {(each.num_partitions, each.replication_factor) for each in broker.made} == {(3, -1)}
    limits = {
        "retention.bytes": str(settings.kafka.retention_bytes),
        "retention.ms": "-1",
        "segment.bytes": str(settings.kafka.retention_bytes // 16),
    }
    assert all(each.config == limits for each in broker.made)


def test_topics_that_exist_are_left_alone(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    geo = settings.topic("geo")
    broker = ask_broker(monkeypatch, Broker({geo: EXISTS}))
    assert ensure_topics(settings) == []
    assert [each.topic for each in broker.made] == [settings.topic("pin"), settings.topic("user")]
    ask_broker(monkeypatch, Broker({geo: EXISTS}, partitions=2))
    (remark,) = ensure_topics(settings)
    assert remark == f"topic {geo} has 2 partitions, KAFKA_PARTITIONS is 3; it is left as it is"
    assert broker.changed == []


def test_of_topics_that_exist_the_bounds_that_differ_are_changed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """As of a topic of an earlier version, whose files had 1 GB, and after the setting was changed."""
    geo, file_bytes = settings.topic("geo"), 1024**3
    broker = ask_broker(monkeypatch, Broker({geo: EXISTS}, bounds=(BOUNDS[0], str(file_bytes))))
    said = f"topic {geo} has segment.bytes {BOUNDS[1]} rather than {file_bytes} from now on, by KAFKA_RETENTION_BYTES"
    assert ensure_topics(settings) == [said]
    assert broker.changed == [(geo, {"segment.bytes": BOUNDS[1]})]


def test_the_topics_of_a_cluster_elsewhere_keep_their_bounds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = make_settings(tmp_path, KAFKA_BOOTSTRAP_SERVERS=ADDRESS, KAFKA_SECURITY="ssl")
    broker = Broker(dict.fromkeys(map(elsewhere.topic, TABLES), EXISTS), bounds=("1", "1"))
    monkeypatch.setattr(topics, "AdminClient", lambda _: broker)
    assert ensure_topics(elsewhere) == []
    assert broker.changed == []


def test_topics_with_more_partitions_are_no_matter(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """A stack from before the default was one has three, and Kafka cannot take any away."""
    every = dict.fromkeys(map(settings.topic, TABLES), EXISTS)
    broker = ask_broker(monkeypatch, Broker(every, partitions=5))
    assert ensure_topics(settings) == []
    assert broker.made == []


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.INVALID_PARTITIONS,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError._TIMED_OUT,
    ],
)
def test_any_other_refusal_of_a_topic_fails(
    code: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    ask_broker(monkeypatch, Broker({settings.topic("pin"): EXISTS, settings.topic("user"): code}))
    with pytest.raises(KafkaException) as refused:
        ensure_topics(settings)
    assert refused.value.args[0].code() == code


class S3:
    """A bucket: `create` is the code of the refusal, None if it was made; `objects` are what is in it."""

    def __init__(self, name: str, create: str | None = None, put: str | None = None) -> None:
        self.name, self.create, self.put = name, create, put
        self.location: object = None
        self.objects: dict[str, bytes] = {}

    def create_bucket(self, Bucket: str, **more: object) -> None:  # noqa: N803 - boto3's names
        assert Bucket == self.name
        self.location = more.get("CreateBucketConfiguration")
        if self.create:
            raise refusal(self.create)

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == self.name
        if Key not in self.objects:
            raise refusal("NoSuchKey")
        return {"Body": io.BytesIO(self.objects[Key]), "LastModified": None}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **_: object) -> None:  # noqa: N803
        assert Bucket == self.name
        if self.put:
            raise refusal(self.put)
        self.objects[Key] = Body


@pytest.mark.parametrize(
    ("region", "location"),
    [("us-east-1", None), ("eu-west-1", {"LocationConstraint": "eu-west-1"})],
)
def test_a_bucket_is_made_where_it_is_to_be(settings: Settings, region: str, location: object) -> None:
    s3: Any = S3(settings.bucket)
    ensure_bucket(settings.replace(AWS_REGION=region), s3)
    assert s3.location == location
    assert [*s3.objects] == [identity.KEY]


def test_the_bucket_is_made_by_the_settings_own_client(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = S3(settings.bucket)

    def client(given: Settings) -> S3:
        assert given is settings
        return s3

    monkeypatch.setattr(bucket, "s3_client", client)
    ensure_bucket(settings)
    assert [*s3.objects] == [identity.KEY]


def test_our_own_bucket_keeps_its_id_and_one_of_an_earlier_version_gets_none(settings: Settings) -> None:
    s3: Any = S3(settings.bucket, "BucketAlreadyOwnedByYou")
    ensure_bucket(settings, s3)
    given = s3.objects[identity.KEY]
    ensure_bucket(settings, s3)
    assert s3.objects[identity.KEY] == given
    del s3.objects[identity.KEY]
    progress.save(s3, settings.bucket, Progress())
    ensure_bucket(settings, s3)
    assert identity.KEY not in s3.objects


@pytest.mark.parametrize(
    ("create", "put"),
    [
        ("BucketAlreadyExists", None),
        ("AccessDenied", None),
        ("ServiceUnavailable", None),
        (None, "AccessDenied"),
    ],
)
def test_any_other_refusal_of_the_bucket_fails(
    settings: Settings, create: str | None, put: str | None
) -> None:
    s3: Any = S3(settings.bucket, create, put)
    with pytest.raises(ClientError, match=create or put):
        ensure_bucket(settings, s3)
    assert s3.objects == {}


def test_an_id_that_another_put_there_first_stays(settings: Settings) -> None:
    s3: Any = S3(settings.bucket, "BucketAlreadyOwnedByYou", put="PreconditionFailed")
    ensure_bucket(settings, s3)
    assert s3.objects == {}


class Kinesis:
    """Answers the creation of a stream by its name likewise; each is active at the second look, if ever."""

    def __init__(self, refusals: Mapping[str, str], shards: int = 2, status: str = "ACTIVE") -> None:
        self.refusals, self.shards, self.status = refusals, shards, status
        self.made: dict[str, int] = {}
        self.looks: dict[str, int] = {}

    def create_stream(self, StreamName: str, ShardCount: int) -> None:  # noqa: N803 - boto3's names
        if code := self.refusals.get(StreamName):
            raise refusal(code)
        self.made[StreamName] = ShardCount

    def describe_stream_summary(self, StreamName: str) -> dict[str, Any]:  # noqa: N803
        assert StreamName in self.made or StreamName in self.refusals
        self.looks[StreamName] = self.looks.get(StreamName, 0) + 1
        status = self.status if self.looks[StreamName] > 1 else "CREATING"
        return {"StreamDescriptionSummary": {"StreamStatus": status, "OpenShardCount": self.shards}}


def test_streams_that_exist_are_left_alone(settings: Settings) -> None:
    exists = {settings.stream("geo"): "ResourceInUseException"}
    kinesis: Any = Kinesis(exists)
    assert ensure_streams(settings, kinesis) == []
    assert kinesis.made == {settings.stream("pin"): 2, settings.stream("user"): 2}
    # Each was looked at until it was active, then for its shards.
    assert all(kinesis.looks[settings.stream(table)] >= 3 for table in TABLES)
    other: Any = Kinesis(exists, shards=1)
    remarks = ensure_streams(settings, other)
    assert remarks[0] == (
        f"stream {settings.stream('pin')} has 1 open shards, KINESIS_SHARDS is 2; it is left as it is"
    )
    assert len(remarks) == len(TABLES)


@pytest.mark.parametrize(
    "code", ["LimitExceededException", "AccessDeniedException", "InvalidArgumentException"]
)
def test_any_other_refusal_of_a_stream_fails(code: str, settings: Settings) -> None:
    kinesis: Any = Kinesis({settings.stream("pin"): "ResourceInUseException", settings.stream("user"): code})
    with pytest.raises(ClientError, match=code):
        ensure_streams(settings, kinesis)


def test_streams_are_made_by_the_settings_own_client(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinesis = Kinesis({})

    def client(given: Settings) -> Kinesis:
        assert given is settings
        return kinesis

    monkeypatch.setattr(streams, "kinesis_client", client)
    assert ensure_streams(settings) == []
    assert kinesis.made == {settings.stream(table): 2 for table in TABLES}


def test_a_stream_that_does_not_become_active_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_TIMEOUT_SECONDS", 0.0)
    kinesis: Any = Kinesis({}, status="CREATING")
    with pytest.raises(TimeoutError, match=f"gave up after 0 s: .*{settings.stream('pin')}.* to be active"):
        ensure_streams(settings, kinesis)


class Listed:
    """Kinesis that lists these streams, a page of one each."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def get_paginator(self, operation: str) -> Any:  # noqa: ANN401 - what of boto3's is read
        assert operation == "list_streams"
        return SimpleNamespace(paginate=lambda: [{"StreamNames": [name]} for name in self.names])


def test_kinesis_has_lost_its_streams_where_not_one_of_ours_is_left(settings: Settings) -> None:
    ours = [settings.stream(table) for table in TABLES]
    for names, lost in [((), True), (("other",), True), (("other", ours[1]), False), (ours, False)]:
        kinesis: Any = Listed(*names)
        assert has_none(settings, kinesis) is lost
