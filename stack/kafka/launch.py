"""Start Kafka in local mode: `python -m stack.kafka.launch`.

The official image's own first step (kafka.docker.KafkaDockerWrapper) turns the KAFKA_* variables of
docker-compose.yml into server.properties and formats the log folder, so one environment means the same in
both modes.
"""

import os
import subprocess
from pathlib import Path

from common.settings import INSTALL_DIR, VARIABLES, Settings, load_settings
from stack.kafka.tools import BRIEF_JVM

_DEFAULTS = Path(__file__).parent / "defaults"


def prepare(settings: Settings, classpath: str) -> Path:
    """Write server.properties, format the log folder if new, and return the folder of the configuration."""
    final = settings.state_dir / "kafka" / "config"
    mounted = settings.state_dir / "kafka" / "mounted"
    for folder in (final, mounted):
        folder.mkdir(parents=True, exist_ok=True)
    folders = [f"--default-configs-dir={_DEFAULTS}", f"--mounted-configs-dir={mounted}"]
    setup = ["java", *BRIEF_JVM, "-cp", classpath, "kafka.docker.KafkaDockerWrapper", "setup", *folders]
    command = [*setup, f"--final-configs-dir={final}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = result.stdout + result.stderr
    # As the official image does: a log folder that has been formatted before is no failure.
    if result.returncode and "already formatted" not in printed:
        raise SystemExit(f"Kafka's set-up failed:\n{printed}")
    return final


def main() -> None:
    """Replace this process with the broker."""
    settings = load_settings()
    os.umask(0o077)  # server.properties has the passwords of all principals
    classpath = str(INSTALL_DIR / "jars" / "kafka" / "*")
    for name in VARIABLES:  # to the wrapper every KAFKA_* is a broker's property: ours are not
        os.environ.pop(name, None)
    configuration = prepare(settings, classpath)
    heap = [f"-Xms{settings.kafka.heap_mb}m", f"-Xmx{settings.kafka.heap_mb}m"]
    logging = f"-Dlog4j2.configurationFile={configuration / 'log4j2.yaml'}"
    broker = ["kafka.Kafka", str(configuration / "server.properties")]
    os.execvp("java", ["java", *heap, logging, "-cp", classpath, *broker])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
