"""A lost bucket in a few lines: that it is lost, how far what heals it is, and what to do."""

from collections.abc import Sequence

from services.common.bucket import Identity
from services.common.settings import Settings
from services.common.state_file import news
from services.verify.batch import BatchHops

_BY_HAND = "`make landed batch` rebuilds the rest"


def describe(settings: Settings, bucket: Identity, hops: Sequence[BatchHops]) -> str:
    """Return the block that stands for what is missing from the bucket of this identity until it is rebuilt."""
    landed, sent = sum(each.landed for each in hops), sum(each.kafka for each in hops)
    sink = "has landed all of Kafka's" if landed >= sent else f"has landed {landed:,} of Kafka's"
    next_step = news(settings.state_dir, "provision").get("rebuild") or _BY_HAND
    return "\n".join(
        [
            f"The bucket was lost: {settings.bucket} is of {bucket.made_at:%Y-%m-%d %H:%M:%S} UTC, later than the last"
            f" batch run of {_named(hops)}. LocalStack keeps S3 in memory.",
            "  Kept: Kafka's records, and the rows in Postgres, which the answers come from.",
            f"  S3 sink: it {sink} {sent:,} records.",
            f"  Delta tables of the batch path: {next_step}.",
            "  `make status` shows how far that is. What is compared with the bucket is compared after it.",
        ]
    )


def _named(hops: Sequence[BatchHops]) -> str:
    return ", ".join(each.table for each in hops if each.lost)
