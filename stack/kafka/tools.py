"""Run one of Kafka's command-line tools in local mode: `python -m stack.kafka.tools topics --list`.

In containers the service kafka-tools of docker-compose.yml does it, with the scripts of Kafka's image.
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from common import health
from common.clients import java_aws_environment
from common.settings import INSTALL_DIR, MSK_IAM_JARS, SPARK_JARS, Settings, load_settings
from common.terminal import complain
from stack.kafka import client

HERE = Path(__file__).parent
TOOLS = {
    "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "configs": "kafka.admin.ConfigCommand",
    "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "topics": "org.apache.kafka.tools.TopicCommand",
}
# For a JVM that works for a second: one for servers takes half as much again of CPU to start.
BRIEF_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# What listens here listens on IPv4's loopback alone.
_THIS_MACHINE = {"127.0.0.1", "localhost"}
# The options that name a file of properties; a tool refuses two of them.
_FILES = ("--command-config", "--consumer.config", "--producer.config")


def command(settings: Settings, tool: str, *words: str) -> list[str]:
    """Return the command line of a tool.

    It asks this stack's broker, as the stack's user, unless the words name another broker or file.
    """
    folders = [INSTALL_DIR / "jars" / name for name in ("kafka", "kafka-tools")]
    if settings.kafka.security == "iam":
        # With AWS's SDK from Spark's jars; of what both have, the broker's come first.
        folders += [MSK_IAM_JARS, SPARK_JARS]
    jars = os.pathsep.join(f"{folder}/*" for folder in folders)
    logging = f"-Dlog4j2.configurationFile={HERE / 'defaults' / 'tools-log4j2.yaml'}"
    java = ["java", "-Xmx256m", *BRIEF_JVM, logging, "-cp", jars, TOOLS[tool]]
    ours = settings.kafka.bootstrap_servers
    asked = words if _has(words, "--bootstrap") else (*words, "--bootstrap-server", ours)
    if _has(words, *_FILES) or not _asks(asked, ours):
        return [*java, *asked]
    return [*java, *asked, "--command-config", client.NAME]


def _asks(words: Iterable[str], ours: str) -> bool:
    """Return whether a word names brokers of ours and no others, to which the user's password is not shown."""
    known = {name for address in ours.split(",") for name in _names(address)}
    return any({*word.rpartition("=")[2].split(",")} <= known for word in words)


def _names(address: str) -> set[str]:
    """Return the names of a broker's address: this machine's has two."""
    host, _, port = address.rpartition(":")
    return {address} | ({f"{name}:{port}" for name in _THIS_MACHINE} if host in _THIS_MACHINE else set())


def _has(words: tuple[str, ...], *options: str) -> bool:
    return any(word.startswith(options) for word in words)


def environment(settings: Settings) -> dict[str, str]:
    """Return the tool's environment: this process's, and AWS's keys where it logs in with them."""
    return os.environ | (java_aws_environment(settings) if settings.kafka.security == "iam" else {})


def main() -> None:
    """Replace this process with the tool."""
    settings = load_settings()
    if problem := health.problem("kafka", settings):
        remedy = "" if settings.kafka.is_elsewhere else " Start it with `make up`."
        complain(f"Kafka does not answer ({problem}).{remedy}")
        raise SystemExit(1)
    os.chdir(client.write(settings))  # where client.properties is found by its bare name
    words = command(settings, *sys.argv[1:])
    os.execvpe(words[0], words, environment(settings))  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
