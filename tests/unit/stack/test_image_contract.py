"""docker-compose.yml asks of third-party images only what they document, and our stand-ins have as well."""

import json
import os
import re
import shlex
import subprocess
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from common.settings import ROOT
from stack.kafka import broker, client, tools
from stack.local.compose import interpolate
from stack.local.isolated import make_settings

CONTRACT: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "images" / "contract.yml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OFFLINE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.offline.yml").read_text())
STAGES = {
    stage: image
    for image, stage in re.findall(r"^FROM (\S+) AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
}


def third_party_image(body: dict[str, Any]) -> str:
    """The image that a service runs, or what a little is added to: a stage of our own that is built from it."""
    target = body.get("build", {}).get("target", "")
    image: str = STAGES[target] if "build" in body else body["image"]
    return image


THIRD_PARTY = {
    name: body for name, body in COMPOSE["services"].items() if third_party_image(body) in CONTRACT
}
# Read by programs and libraries, not by an image.
GENERAL = {"NO_PROXY", "no_proxy", "MALLOC_ARENA_MAX", "NODE_OPTIONS", "KINESIS_KEPT_MB"}
SHELL = {"printf", "test", "cat", "exec", "echo", "true", "exit", "if", "then", "fi"}
every_service = pytest.mark.parametrize("name", sorted(THIRD_PARTY))
# Those that stay, commands apart.
lasting = pytest.mark.parametrize(
    "name", sorted(name for name, body in THIRD_PARTY.items() if body.get("restart") != "no")
)


def contract(name: str) -> dict[str, Any]:
    return CONTRACT[third_party_image(THIRD_PARTY[name])]


def programs(script: str) -> set[str]:
    """The programs that a line of shell calls, its variables and built-in commands apart."""
    if inner := re.fullmatch(r"bash -c '([^']*)'\s*", script):
        return {"bash"} | programs(re.sub(r"\d*[<>]&\d|<(?=\()", "", inner[1]))
    unquoted = re.sub(r"'[^']*'", "''", script.replace("$$", "$"))
    called = set()
    for part in re.split(r"\$\(|[|;&()`\n]+", unquoted):
        words = [word for word in shlex.split(part.replace('"', "")) if not re.match(r"\w+=", word)]
        words = words[1:] if words[:1] == ["test"] else words
        called |= {word for word in words[:1] if not word.startswith("-")}
    return called - SHELL


def test_the_programs_of_a_line_of_shell() -> None:
    script = 'A="$$B" one -x "y z" > /dev/null && test $$(two --f | three \'a|b\' | /bin/four) -eq 3'
    assert programs(script) == {"one", "two", "three", "/bin/four"}
    assert programs("bash -c 'exec 3<>/a && printf x >&3 && five <(six <&3 | seven)'") == {
        *("bash", "five", "six", "seven")
    }


def test_every_third_party_image_has_its_contract_by_its_exact_version() -> None:
    images = {third_party_image(body) for body in COMPOSE["services"].values()}
    assert {image for image in images if ":" in image} == CONTRACT.keys()


def test_kinesis_is_installed_in_the_version_that_its_package_names() -> None:
    package = json.loads((ROOT / "stack" / "localstack" / "kinesis" / "package.json").read_text())
    folder = f"/usr/lib/localstack/kinesis-local/{package['dependencies']['kinesis-local']}\n"
    for dockerfile in ("Dockerfile", "images/Dockerfile"):
        assert folder in (ROOT / dockerfile).read_text()


def test_what_kinesis_loads_first_is_in_both_images() -> None:
    """Node ends at once where it is missing, and LocalStack starts it again and again."""
    options = COMPOSE["services"]["localstack"]["environment"]["NODE_OPTIONS"]
    required = [Path(path) for path in re.findall(r"--require=(\S+)", options)]
    (folder,) = {path.parent for path in required}
    needed = {path.name for path in required} | {"kinesis-text.cjs"}  # which these require
    for dockerfile in ("Dockerfile", "images/Dockerfile"):
        text = (ROOT / dockerfile).read_text().replace("\\\n", " ")
        copied = re.findall(rf"^COPY (.*) {folder}/$", text, re.M)
        assert needed <= {Path(source).name for line in copied for source in line.split()}


@every_service
def test_the_variables_are_documented_and_in_the_stand_in(name: str) -> None:
    known, missing = contract(name)["environment"], contract(name)["not_in_stand_in"]
    for variable in THIRD_PARTY[name].get("environment", {}).keys() - GENERAL:
        assert any(fnmatchcase(variable, pattern) for pattern in known), variable
        assert not any(fnmatchcase(variable, pattern) for pattern in missing), variable


@lasting
def test_volumes_are_mounted_where_the_image_expects_them(name: str) -> None:
    targets = {volume.split(":")[1] for volume in THIRD_PARTY[name].get("volumes", [])}
    assert targets
    assert targets <= set(contract(name)["volumes"])


@every_service
def test_files_of_the_image_are_replaced_where_it_reads_them(name: str) -> None:
    targets = {config["target"] for config in THIRD_PARTY[name].get("configs", [])}
    assert targets <= set(contract(name).get("files", []))


def test_kafkas_tools_are_in_its_image_and_in_local_mode() -> None:
    scripts = {f"/opt/kafka/bin/kafka-{name}.sh" for name in tools.TOOLS}
    assert scripts <= set(contract("kafka-tools")["programs"])
    assert {"bash", *scripts} <= set(contract("kafka-tools")["programs"])
    stand_in = (ROOT / "images" / "kafka" / "tool").read_text().replace("$tools", "org.apache.kafka.tools")
    assert dict(re.findall(r"^  kafka-([\w-]+)\) class=(\S+) ;;$", stand_in, re.M)) == tools.TOOLS
    [listed] = re.findall(r"^KAFKA_TOOLS := (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert listed.split() == sorted(tools.TOOLS)


@pytest.mark.parametrize("security", ["sasl", "plaintext"])
@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("topics --list", "--list --bootstrap-server kafka:19092 --command-config client.properties"),
        (
            "topics --bootstrap-server kafka:19092",
            "--bootstrap-server kafka:19092 --command-config client.properties",
        ),
        (
            "topics --bootstrap-server=kafka:19092 --list",
            "--bootstrap-server=kafka:19092 --list --command-config client.properties",
        ),
        (
            "topics --bootstrap-server localhost:9092",
            "--bootstrap-server kafka:19092 --command-config client.properties",
        ),
        (
            "topics --bootstrap-server=127.0.0.1:9092 --topic localhost",
            "--bootstrap-server=kafka:19092 --topic localhost --command-config client.properties",
        ),
        ("topics --bootstrap-server localhost:9093", "--bootstrap-server localhost:9093"),
        ("topics --bootstrap-server x:1", "--bootstrap-server x:1"),
        ("topics --command-config a", "--command-config a --bootstrap-server kafka:19092"),
        ("topics --consumer.config a", "--consumer.config a --bootstrap-server kafka:19092"),
        ("topics --producer.config a", "--producer.config a --bootstrap-server kafka:19092"),
    ],
)
def test_kafkas_tools_find_the_same_client_properties_in_both_modes(
    tmp_path: Path, security: str, words: str, called: str
) -> None:
    """The container's entry point is run here, with a tool that says how it was called."""
    settings = make_settings(tmp_path / "state", KAFKA_SECURITY=security)
    body = THIRD_PARTY["kafka-tools"]
    env_file = interpolate(body["env_file"], settings.environment())
    given = dotenv_values(
        stream=StringIO(interpolate((ROOT / env_file).read_text(), settings.environment())), interpolate=False
    )
    said = tmp_path / "kafka-topics.sh"
    said.write_text('#!/bin/sh\necho "$@"\n')
    said.chmod(0o700)
    bash, option, script = body["entrypoint"]
    script = script.replace("$$", "$").replace("/opt/kafka/bin", str(tmp_path))
    script = script.replace("/client\n", f"{tmp_path}\n")
    done = subprocess.run(
        [bash, option, script, *words.split()],
        env={"PATH": os.environ["PATH"], **{name: value or "" for name, value in given.items()}},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{called}\n"
    written = tmp_path / client.NAME
    assert written.read_text() == (client.write(settings) / client.NAME).read_text()
    assert (
        written.stat().st_mode & 0o777
        == (client.write(settings) / client.NAME).stat().st_mode & 0o777
        == 0o600
    )


@every_service
def test_a_tmpfs_that_an_account_is_to_write_to_is_no_working_folder(name: str) -> None:
    """The engine makes that one first, for root alone to write, and the tmpfs has the mode of what is there."""
    body = THIRD_PARTY[name]
    assert body.get("working_dir") not in body.get("tmpfs", [])


@pytest.mark.parametrize("security", ["sasl", "plaintext"])
def test_the_brokers_variables_are_documented_and_in_the_stand_in(security: str) -> None:
    known = contract("kafka")["environment"]
    assert all(any(fnmatchcase(name, pattern) for pattern in known) for name in broker.variables(security))


def test_kafka_logs_to_standard_output_alone() -> None:
    """The image's own configuration begins files every hour, its start script the garbage collector's."""
    text = COMPOSE["configs"]["kafka-log4j2"]["content"]
    assert text == (ROOT / "stack" / "kafka" / "defaults" / "log4j2.yaml").read_text()
    assert list(yaml.safe_load(text)["Configuration"]["Appenders"]) == ["Console"]
    options = THIRD_PARTY["kafka"]["environment"]["KAFKA_GC_LOG_OPTS"]
    assert options
    assert "file" not in options


@lasting
def test_the_programs_are_in_the_image(name: str) -> None:
    body = THIRD_PARTY[name]
    check = body["healthcheck"]["test"]
    script = check if isinstance(check, str) else " ".join(check[1:])
    command = {body["command"][0]} if "command" in body else set()
    assert programs(script) | command <= set(contract(name)["programs"])


@every_service
def test_it_runs_as_an_account_of_the_image(name: str) -> None:
    user = THIRD_PARTY[name].get("user")
    assert user is None or user in contract(name)["users"]


@every_service
def test_there_is_a_stand_in(name: str) -> None:
    build = OFFLINE["services"][name]["build"]
    stages = re.findall(r"^FROM .* AS ([\w-]+)$", (ROOT / build["dockerfile"]).read_text(), re.M)
    assert build["target"] in stages
