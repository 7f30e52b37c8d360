"""Show a lost bucket in `make status`, as provisioning's watch knows it (`operations.rebuild`)."""

from datetime import datetime

from rich.console import Console

from common.settings import Settings
from common.state_file import news


def print_rebuild(console: Console, settings: Settings) -> None:
    """Print when the bucket was lost and what its rebuild is at; nothing where none was."""
    state = news(settings.state_dir, "provision")
    if not state.get("bucket_lost"):
        return
    since = datetime.fromisoformat(state["bucket_lost"])
    console.print(
        f"\nThe bucket was lost (LocalStack keeps S3 in memory); the present one is of {since:%Y-%m-%d %H:%M:%S} UTC."
        f"\nRebuild of the batch path's Delta tables: {state['rebuild']}.",
        style=None if state["rebuild"].startswith("done") else "yellow",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
