"""The S3 sink when it, its neighbours or S3 fail: each record lands exactly once all the same."""

import random
import signal
import threading
from pathlib import Path

import pytest

from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.landing import object_key, object_prefix
from services.provision.bucket import ensure_bucket
from tests.buckets import delete_bucket, empty_bucket
from tests.integration.s3_sink_lab import (
    TIMEOUT_SECONDS,
    FaultyS3,
    all_partitions,
    assert_exactly_once,
    in_landing_zone,
    isolated_user,
    landed_keys,
    load,
    open_partitions,
    posts,
    produce,
    sink,
    wait_landed,
)
from tests.servers import IN_CONTAINERS
from tests.small_disk import fill, small_disk

PARTITIONS = 6
# S3 has objects of over 512 KiB on the disk, smaller ones in memory.
LARGE = b"x" * 600_000
DISK_MEGABYTES = 16


@pytest.fixture
def user(kafka: Settings, localstack: Settings, tmp_path: Path) -> Settings:
    assert kafka is localstack
    return isolated_user(kafka, tmp_path)


def wait_objects(user: Settings, count: int) -> None:
    wait_until(lambda: len(landed_keys(user)) >= count, timeout=60, what=f"{count} objects", interval=0.2)


def wait_open(folder: Path, count: int, *names: str) -> None:
    wait_until(
        lambda: sum(open_partitions(folder, name) for name in names) == count,
        timeout=60,
        what=f"{count} partitions open in {names}",
    )


def test_killed_between_a_put_and_anything_after_it(user: Settings, tmp_path: Path) -> None:
    """S3 has the object, the sink never hears of it."""
    produce(user, posts(0, 6000))
    with FaultyS3(user) as s3:
        process = sink(user, tmp_path, endpoint=s3.url)
        for _ in range(2):
            killed = threading.Event()

            def kill(killed: threading.Event = killed) -> None:
                if not killed.is_set():
                    killed.set()
                    process.kill()

            with process:
                s3.after_put = kill
                assert killed.wait(60)
            s3.after_put = lambda: None
        with process:
            wait_landed(user)
    assert assert_exactly_once(user) == 6000


def test_killed_at_random_points_under_load(user: Settings, tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - one seed, one sequence
    process = sink(user, tmp_path)
    with load(user):
        for _ in range(3):
            with process:
                wait_objects(user, len(landed_keys(user)) + chance.randint(1, 25))
                process.kill()
    with process:
        wait_landed(user)
    assert assert_exactly_once(user) > 10_000


def test_two_instances_with_rebalances_under_load(user: Settings, tmp_path: Path) -> None:
    first, second = (sink(user, tmp_path, name) for name in ("first", "second"))
    with first, second:
        with load(user):
            wait_open(tmp_path, PARTITIONS, "first", "second")
            wait_until(
                lambda: open_partitions(tmp_path, "first") == open_partitions(tmp_path, "second") == 3,
                timeout=60,
                what="the instances to share the partitions",
            )
            wait_objects(user, len(landed_keys(user)) + 10)
            assert first.stop() == 0
            wait_open(tmp_path, PARTITIONS, "second")
            wait_objects(user, len(landed_keys(user)) + 10)
            first.start()
            wait_open(tmp_path, PARTITIONS // 2, "second")
            second.kill()
            wait_open(tmp_path, PARTITIONS, "first")
        wait_landed(user)
    assert assert_exactly_once(user) > 10_000


def test_a_stopped_instance_wakes_after_its_partitions_moved(user: Settings, tmp_path: Path) -> None:
    """The zombie of the old days: it holds records, and a put under way, of partitions that are another's now."""
    sleeping, woken = threading.Event(), threading.Event()

    def stop_in_the_middle() -> None:
        if len(landed_keys(user)) >= 10 and not sleeping.is_set():
            first.signal(signal.SIGSTOP)
            sleeping.set()
            woken.wait(120)

    with FaultyS3(user) as s3:
        first, second = sink(user, tmp_path, "first", endpoint=s3.url), sink(user, tmp_path, "second")
        with first, load(user):
            s3.before_put = stop_in_the_middle
            assert sleeping.wait(60)
            with second:
                wait_open(tmp_path, PARTITIONS, "second")
                wait_objects(user, len(landed_keys(user)) + 10)
                woken.set()  # the old put goes on to S3, which must refuse it
                first.signal(signal.SIGCONT)
                wait_until(
                    lambda: "PreconditionFailed" in first.output(),
                    timeout=60,
                    what="the old put to be refused",
                )
                wait_open(tmp_path, PARTITIONS // 2, "second")
                wait_objects(user, len(landed_keys(user)) + 10)
                second.stop()
            wait_open(tmp_path, PARTITIONS, "first")
        with second:
            wait_landed(user)
    assert assert_exactly_once(user) > 10_000


def test_s3_failing_for_a_while(user: Settings, tmp_path: Path) -> None:
    with FaultyS3(user) as s3, sink(user, tmp_path, endpoint=s3.url) as process:
        with load(user):
            wait_objects(user, 10)
            s3.failing = True
            wait_until(
                lambda: "500" in process.output(), timeout=TIMEOUT_SECONDS, what="errors 500 to be noticed"
            )
            wait_open(tmp_path, 0, "sink")
            landed = len(landed_keys(user))
            s3.failing = False
            wait_objects(user, landed + 10)
            s3.refuse()
            wait_until(
                lambda: "Could not connect" in process.output(),
                timeout=TIMEOUT_SECONDS,
                what="S3 to be missed",
            )
            wait_open(tmp_path, 0, "sink")
            landed = len(landed_keys(user))
            s3.listen()
            wait_objects(user, landed + 10)
        wait_landed(user)
    assert assert_exactly_once(user) > 5_000


def test_a_put_that_succeeds_and_is_answered_with_an_error(user: Settings, tmp_path: Path) -> None:
    """Its outcome is unknown to the sink: the bucket decides."""
    produce(user, posts(0, 6000))
    with FaultyS3(user) as s3:
        failures = iter(range(3))

        def fail() -> None:
            if next(failures, None) is not None:
                raise ConnectionError("the answer is lost on the way")

        s3.after_put = fail
        with sink(user, tmp_path, endpoint=s3.url):
            wait_landed(user)
        assert next(failures, None) is None
    assert assert_exactly_once(user) == 6000


@pytest.mark.parametrize("made_by_another", [False, True])
def test_a_deleted_bucket_is_rebuilt_from_kafka(
    user: Settings, tmp_path: Path, made_by_another: bool
) -> None:
    produce(user, posts(0, 3000))
    with sink(user, tmp_path):
        wait_landed(user)
        delete_bucket(user)
        if made_by_another:
            ensure_bucket(user)
            produce(user, posts(3000, 600))
        wait_landed(user)  # without a new record, too
    assert assert_exactly_once(user) == (3600 if made_by_another else 3000)


def test_objects_that_are_moved_away_land_again(user: Settings, tmp_path: Path) -> None:
    """The way back from an object that is broken: those of its partition go, from it on."""
    produce(user, posts(0, 9000))
    with sink(user, tmp_path):
        wait_landed(user)
        prefix = object_prefix(*all_partitions(user)[0])
        broken, *later = [key for key in landed_keys(user) if key.startswith(prefix)][1:]
        for key in (broken, *later):
            s3_client(user).delete_object(Bucket=user.bucket, Key=key)
        assert later
        wait_landed(user)
    assert assert_exactly_once(user) == 9000


def test_a_full_disk_of_localstack_is_told_and_with_room_again_all_lands(
    localstack: Settings, user: Settings, tmp_path: Path
) -> None:
    if IN_CONTAINERS:
        pytest.skip("LocalStack's disk is the container's")
    folder = localstack.state_dir / "localstack/objects/localstack-s3-storage" / user.bucket
    with small_disk(folder, DISK_MEGABYTES):
        ballast = fill(folder, len(LARGE))
        produce(user, [b'"%d %s"' % (number, LARGE) for number in range(2 * PARTITIONS)])
        try:
            with sink(user, tmp_path) as process:
                wait_until(
                    lambda: "No space left on device" in process.output(),
                    timeout=TIMEOUT_SECONDS,
                    what="the full disk to be told",
                )
                ballast.unlink()
                wait_landed(user)
            assert assert_exactly_once(user) == 2 * PARTITIONS
        finally:
            empty_bucket(user)  # a disk whose files are open stays


def test_an_object_without_metadata_is_counted(user: Settings, tmp_path: Path) -> None:
    """As it is after a bucket was copied with a tool that leaves metadata behind."""
    topic, partition = all_partitions(user)[0]
    lines = list(posts(0, 6))
    produce(user, [line for line in lines for _ in all_partitions(user)])
    ensure_bucket(user)
    body = b"".join(line + b"\n" for line in lines[:4])
    s3_client(user).put_object(Bucket=user.bucket, Key=object_key(topic, partition, 0), Body=body)
    with sink(user, tmp_path):
        wait_landed(user)
    assert object_key(topic, partition, 4) in landed_keys(user)
    assert len(in_landing_zone(user)[topic, partition]) == 6
    assert_exactly_once(user)
