"""Topics and bucket are made where they are missing, and left alone where they are not."""

from pathlib import Path

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from common.bucket import KEY, give_identity, identity
from common.clients import s3_client
from common.settings import Settings
from contracts.tables import TABLES
from services.provision.bucket import ensure_bucket
from services.provision.topics import ensure_topics
from tests.integration.s3_sink_lab import TIMEOUT_SECONDS, bucket_exists, isolated_user
from tests.kafka_clients import as_user


def test_topics_are_made_once(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, topics=False, KAFKA_PARTITIONS=2)
    assert ensure_topics(user) == []
    assert ensure_topics(user) == []
    admin = AdminClient(as_user(user))
    topics = admin.list_topics(timeout=TIMEOUT_SECONDS).topics
    assert [len(topics[user.topic(table)].partitions) for table in TABLES] == [2, 2, 2]
    resource = ConfigResource(ResourceType.TOPIC, user.topic("pin"))
    config = admin.describe_configs([resource])[resource].result(TIMEOUT_SECONDS)
    assert config["retention.bytes"].value == str(user.kafka.retention_bytes)


def test_fewer_partitions_are_reported_and_more_are_no_matter(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, KAFKA_PARTITIONS=3)
    wider, narrower = (user.replace(KAFKA_PARTITIONS=number) for number in (4, 1))
    assert ensure_topics(wider) == [
        f"topic {user.topic(table)} has 3 partitions, KAFKA_PARTITIONS is 4; it is left as it is"
        for table in TABLES
    ]
    assert ensure_topics(narrower) == []
    topics = AdminClient(as_user(user)).list_topics(timeout=TIMEOUT_SECONDS).topics
    assert [len(topics[user.topic(table)].partitions) for table in TABLES] == [3, 3, 3]


def test_the_bucket_is_made_once(localstack: Settings, tmp_path: Path) -> None:
    user = isolated_user(localstack, tmp_path, topics=False, granted=False)
    assert not bucket_exists(user)
    ensure_bucket(user)
    s3 = s3_client(user)
    first = identity(s3, user.bucket)
    assert first is not None
    s3.put_object(Bucket=user.bucket, Key="kept", Body=b"")
    ensure_bucket(user)
    give_identity(s3, user.bucket)  # as another one that makes it at the same time
    assert identity(s3, user.bucket) == first
    assert {each["Key"] for each in s3.list_objects_v2(Bucket=user.bucket)["Contents"]} == {KEY, "kept"}
