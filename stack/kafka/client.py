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
    (folder / NAME).unlink(missing_ok=True)
    with os.fdopen(os.open(folder / NAME, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text(java_options(settings, Principal.USER)))
    return folder
