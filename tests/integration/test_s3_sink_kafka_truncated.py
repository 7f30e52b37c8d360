"""A broker that lost the end of a log: the S3 sink does not put later records in the place of the lost ones' own."""

import os
from contextlib import ExitStack
from pathlib import Path

from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.landing import object_prefix
from stack.local.isolated import make_settings
from tests.integration.s3_sink_lab import (
    TIMEOUT_SECONDS,
    all_partitions,
    assert_exactly_once,
    in_landing_zone,
    isolated_user,
    landed_keys,
    posts,
    produce,
    sink,
    wait_landed,
)
from tests.kafka_clients import broker_of
from tests.processes import launch_server


def test_records_in_the_place_of_lost_ones_do_not_land_unseen(localstack: Settings, tmp_path: Path) -> None:
    """The sink runs all the while, and has more records than were lost before it looks."""
    own = make_settings(tmp_path / "broker", KAFKA_HEAP_MB=256, KAFKA_SECURITY="plaintext")
    with ExitStack() as servers:
        broker = launch_server(servers, own, "kafka")
        user = isolated_user(localstack, tmp_path, **broker_of(own), KAFKA_PARTITIONS=1)
        lost, *others = all_partitions(user)
        with sink(user, tmp_path) as process:
            for first in range(
                0, 3000, 300
            ):  # a log is cut at the end of a batch, so there are to be several
                produce(user, posts(first, 300))
            wait_landed(user)
            landed = in_landing_zone(user)
            broker.kill()
            log = own.state_dir / "kafka" / "data" / f"{lost[0]}-{lost[1]}" / f"{0:020}.log"
            os.truncate(log, log.stat().st_size // 2)
            broker.start()
            produce(user, posts(3000, 3000))
            wait_until(
                lambda: (
                    f"Kafka's record at offset {len(landed[lost]) - 1} is another one than has landed"
                    in process.output()
                ),
                timeout=TIMEOUT_SECONDS,
                what="the loss to be logged",
            )
            wait_until(
                lambda: {len(in_landing_zone(user)[each]) for each in others} == {2000},
                timeout=TIMEOUT_SECONDS,
                what="the others to go on",
            )
            assert in_landing_zone(user)[lost] == landed[lost]
            # The remedy that the message names.
            for key in landed_keys(user):
                if key.startswith(object_prefix(*lost)):
                    s3_client(user).delete_object(Bucket=user.bucket, Key=key)
            wait_landed(user)
        assert 5000 < assert_exactly_once(user) < 6000
