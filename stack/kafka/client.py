"""The file client.properties, by which Kafka's tools log in as the stack's user, as the course has it."""

import os
from collections.abc import Mapping
from pathlib import Path

from common.kafka_security import java_options
from common.settings import Settings
from contracts.kafka_access import Principal

NAME = "client.properties"


def text(options: Mapping[str, str]) -> str:
    """Return Java's properties, a line each."""
    return "".join(f"{name}={value}\n" for name, value in options.items())


def write(settings: Settings) -> Path:
    """Write the file into the state folder, readable by its owner alone; returns the folder that it is in."""
    folder = settings.state_dir / "kafka" / "client"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{os.getpid()}.tmp"
    draft.touch(mode=0o600)
    draft.write_text(text(java_options(settings, Principal.USER)))
    draft.replace(folder / NAME)  # in one step: another tool that starts finds the whole file
    return folder
