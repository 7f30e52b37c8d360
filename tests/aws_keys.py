"""Keep the AWS credentials of this machine out of a test."""

from pathlib import Path

import pytest


def hide_credentials(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Leave out what this machine has, and ask no address of EC2's metadata.

    Args:
        folder: in which there is no file of AWS's tools.
    """
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(folder / "none"))
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
