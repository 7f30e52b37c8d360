"""The S3 sink between the real broker and the real LocalStack: what lands, and how."""

from pathlib import Path

from services.common.settings import Settings
from services.common.wait import wait_until
from tests.integration.s3_sink_lab import (
    assert_exactly_once,
    buffered,
    in_landing_zone,
    isolated_user,
    open_partitions,
    posts,
    produce,
    sink,
    wait_landed,
)


def test_every_record_lands_once(kafka: Settings, localstack: Settings, tmp_path: Path) -> None:
    settings = isolated_user(kafka, tmp_path, aws_endpoint_url=localstack.aws_endpoint_url)
    produce(settings, posts(0, 5000))
    with sink(settings, tmp_path) as process:
        wait_landed(settings)
        produce(settings, posts(5000, 7))
        wait_landed(settings)
        assert process.stop() == 0
    assert assert_exactly_once(settings) == 5007


def test_stopping_lands_what_is_buffered(kafka: Settings, localstack: Settings, tmp_path: Path) -> None:
    settings = isolated_user(
        kafka, tmp_path, aws_endpoint_url=localstack.aws_endpoint_url, s3_sink_flush_seconds=3600
    )
    with sink(settings, tmp_path) as process:
        wait_until(lambda: open_partitions(tmp_path) == 6, timeout=60, what="all partitions open")
        produce(settings, posts(0, 60))
        wait_until(lambda: buffered(tmp_path) == 60, timeout=60, what="60 records in memory")
        assert not in_landing_zone(settings)
        assert process.stop() == 0
    assert assert_exactly_once(settings) == 60
