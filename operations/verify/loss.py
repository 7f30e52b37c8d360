"""A lost bucket in a few lines: that it is lost, how far what heals it is, and what to do."""

from collections.abc import Sequence
from contextlib import closing

from common.bucket import bucket_id, identity, lost_tables
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from common.state_file import news
from operations.verify.batch import BatchStages

_BY_HAND = "`make landed batch` rebuilds them"


def is_lost(settings: Settings) -> bool:
    """Return whether the bucket of a table's last batch run is lost, and not rebuilt yet."""
    present = bucket_id(s3_client(settings), settings.bucket)
    with closing(postgres_connection(settings, "analyst")) as connection:
        return bool(lost_tables(connection, settings, present))


def describe(settings: Settings, stages: Sequence[BatchStages]) -> list[str]:
    """Return the block that stands for what is missing from a lost bucket's successor, if there is one."""
    tables = ", ".join(each.table for each in stages if each.lost)
    bucket = identity(s3_client(settings), settings.bucket) if tables else None
    if not bucket:
        return []
    landed, sent = sum(each.landed for each in stages), sum(each.kafka for each in stages)
    sink = "has landed all of Kafka's" if landed >= sent else f"has landed {landed:,} of Kafka's"
    next_step = news(settings.state_dir, "provision").get("rebuild") or _BY_HAND
    lines = [
        f"The bucket was lost: {settings.bucket} is of {bucket.made_at:%Y-%m-%d %H:%M:%S} UTC, later than the last"
        f" batch run of {tables}. LocalStack keeps S3 in memory.",
        "  Kept: Kafka's records, and the rows in Postgres, which the answers come from.",
        f"  S3 sink: it {sink} {sent:,} records.",
        f"  Delta tables of the batch path: {next_step}.",
        "  `make status` shows how far that is. What is compared with the bucket is compared after it.",
    ]
    return ["\n".join(lines)]
