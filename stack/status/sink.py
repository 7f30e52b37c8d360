"""Show in `make status` the connector's properties that the S3 sink runs with."""

from rich.console import Console

from common.settings import Settings
from common.state_file import news


def print_connector(console: Console, settings: Settings) -> None:
    """Print what the sink applies of a connector's properties; nothing where it runs by the settings alone."""
    if applied := news(settings.state_dir, "s3-sink").get("connector"):
        console.print(
            f"\nS3 sink, by `make connector`: {'; '.join(applied)}.", highlight=False, soft_wrap=True
        )
