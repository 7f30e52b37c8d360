"""Show in `make status` that the S3 sink lands nothing, or the connector's properties that it runs with."""

from rich.console import Console

from common.settings import Settings
from common.state_file import news


def print_sink(console: Console, settings: Settings) -> None:
    """Print that the sink lands nothing, or what it applies of a connector's properties, if either is so."""
    if not settings.s3_sink.enabled:
        console.print("\nS3 sink: it lands nothing, as S3_SINK_ENABLED says.", highlight=False)
    if applied := news(settings.state_dir, "s3-sink").get("connector"):
        console.print(
            f"\nS3 sink, by `make connector`: {'; '.join(applied)}.", highlight=False, soft_wrap=True
        )
