"""The Makefile on other machines: where services run, and what GNU make 3.81, bash 3.2 and BSD's tools allow."""

import re
from pathlib import Path

import pytest

from common.settings import ROOT
from tests.unit.fake_docker import Host

MAKEFILE = (ROOT / "Makefile").read_text()
# What the host runs by itself where the services are in containers.
SCRIPTS = (
    "stack/containers/stack",
    "stack/containers/mode",
    "stack/containers/checks",
    "stack/announce",
)
MAC, ARM = "Darwin arm64", "Linux aarch64"
COMMANDS = (
    *(
        "demo",
        "up",
        "status",
        "logs",
        "restart SERVICE=spark-worker",
        "down",
        "clean FORCE=1",
        "doctor",
        "setup",
    ),
    *("emulate", "landed", "batch", "trigger", "backfill", "verify", "open", "stream", "streamed", "query"),
    *(
        "quarantine",
        "replay",
        "psql",
        "kafka ARGS=topics",
        "connector",
        "connector CONFIG=/dev/null",
        "logs SERVICE=spark-worker FOLLOW=1",
        "up WORKERS=2",
    ),
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize(
    ("system", "engine", "compose", "mode"),
    [
        ("Linux x86_64", "yes", "2.40.3", "compose"),
        ("Linux x86_64", "", "2.40.3", "local"),
        ("Linux x86_64", "yes", "", "local"),
        (MAC, "yes", "2.40.3", "compose"),
        (MAC, "", "2.40.3", "none"),
        (ARM, "yes", "", "none"),
    ],
)
def test_where_services_run_by_themselves(
    host: Host, system: str, engine: str, compose: str, mode: str
) -> None:
    done = host.run("stack/containers/mode", SYSTEM=system, ENGINE=engine, COMPOSE=compose)
    assert done.stdout == f"{mode}\n"


@pytest.mark.parametrize("command", ["up", "demo", "status", "query", "clean"])
def test_a_mac_without_an_engine_is_told_to_start_it(host: Host, command: str) -> None:
    done = host.run("make", command, SYSTEM=MAC, ENGINE="")
    assert done.returncode
    assert "Docker is installed, but no engine answers" in done.stdout
    assert "Start Docker" in done.stdout
    assert not re.search("apt-get|python|java", done.stdout, re.I)


def test_a_mac_without_docker_is_told_so(host: Host) -> None:
    (host.programs / "docker").unlink()
    for name in ("bash", "env"):
        (host.programs / name).symlink_to(f"/usr/bin/{name}")
    alone = {"SYSTEM": MAC, "PATH": str(host.programs)}
    assert host.run("stack/containers/mode", **alone).stdout == "none\n"
    assert (
        "Docker is not installed. Install and start Docker, then run this again"
        in host.run("stack/containers/mode", "--why", **alone).stdout
    )


def test_the_commands_are_shown_wherever(host: Host) -> None:
    done = host.run("make", SYSTEM=MAC, ENGINE="")
    assert done.returncode == 0
    assert "make up " in done.stdout


def test_processes_in_the_place_of_containers_are_mentioned(host: Host) -> None:
    done = host.run("make", "--dry-run", "setup", ENGINE="")
    assert "mode --why" in done.stdout
    said = host.run("stack/containers/mode", "--why", ENGINE="").stdout
    assert "the services run as processes of this machine. For containers start Docker first" in said
    chosen = host.run("make", "--dry-run", "setup", ENGINE="", MODE="local")
    assert "mode --why" not in chosen.stdout


@pytest.mark.parametrize("system", ["Linux x86_64", MAC])
def test_docker_without_compose_is_told_what_to_install(host: Host, system: str) -> None:
    said = host.run("stack/containers/mode", "--why", SYSTEM=system, COMPOSE="").stdout
    assert said.startswith("Docker is installed without Compose")
    assert re.search("nstall the package docker-compose-plugin .* or docker-compose-v2", said)
    assert "tart Docker" not in said


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("up", True),
        ("demo", True),
        ("doctor", True),
        *((each, False) for each in ("status", "landed", "query")),
    ],
)
def test_where_services_run_is_explained_where_a_stack_begins(host: Host, command: str, told: bool) -> None:
    assert ("mode --why" in host.run("make", "--dry-run", command, ENGINE="").stdout) is told


@pytest.mark.parametrize(
    ("line", "exported", "command"),
    [
        ("MODE=local", {}, "stack.local status"),
        ("MODE = 'local'  # no containers", {}, "stack.local status"),
        ('MODE="local"\nMODE="compose"', {}, "stack/containers/stack status"),
        ("MODE=local", {"MODE": "compose"}, "stack/containers/stack status"),
        ("MODE=", {}, "stack/containers/stack status"),
        ("#MODE=local\nCOMPOSE_MODE=local", {}, "stack/containers/stack status"),
    ],
)
def test_the_mode_may_be_a_line_of_the_settings(
    host: Host, line: str, exported: dict[str, str], command: str
) -> None:
    (host.checkout / ".env").write_text(f"KAFKA_PORT=1\n{line}\n")
    (host.checkout / "requirements").mkdir()
    for name in ("bootstrap", "runtime", "notebook"):
        (host.checkout / "requirements" / f"{name}.txt").touch()
    printed = host.run("make", "--dry-run", "status", **exported).stdout
    assert command in printed
    assert "mode --why" not in printed


def test_an_unknown_mode_in_the_settings_is_named(host: Host) -> None:
    (host.checkout / ".env").write_text("MODE=swarm\n")
    assert "MODE is swarm; it should be compose or local" in host.run("make", "up").stdout


def test_an_unknown_mode_is_named(host: Host) -> None:
    assert "MODE is swarm; it should be compose or local" in host.run("make", "up", MODE="swarm").stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_for_containers_need_no_shell_flags(host: Host, words: str) -> None:
    """make 3.81 ignores .SHELLFLAGS: a line's commands run on after one that fails, and it is the last that counts."""
    services = {"CHOSEN": "spark-worker\nstreaming-writer\ns3-sink", "RUNNING": "1f2e"}
    done = host.run("make", ".SHELLFLAGS=-c", *words.split(), **services)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"command not found|unbound|syntax error|No such file", done.stdout), done.stdout


def test_up_and_demo_say_first_what_they_do_and_for_how_long(host: Host) -> None:
    first = host.run("make", "up", PRESENT="").stdout.splitlines()[0]
    assert re.match(
        r"make up: fetches and builds the images \(.* minutes.*\), starts the services in containers", first
    )
    later = host.run("make", "demo").stdout.splitlines()[0]
    assert re.match(r"make demo: starts the services in containers .*minutes.*nine answers.*minutes", later)


def test_local_mode_says_so_too(host: Host) -> None:
    assert "installs the servers (1.2 GB" in host.run("stack/announce", "local", "up").stdout
    stamps = host.checkout / ".venv" / "stamps"
    stamps.mkdir(parents=True)
    (stamps / "runtime").touch()
    said = host.run("stack/announce", "local", "up").stdout
    assert said.startswith("make up: starts the services as processes of this machine (")


@pytest.mark.parametrize(
    "newer",
    [
        r"^\.ONESHELL",  # 3.82, as the next four
        r"^\s*(private|undefine)\b",
        r"^define \w+ *[:+?]?=",
        r"^[^\t#]*\$\(file\b",
        r"^\w+ *::=",
        r"^\w+ *!=",  # 4.0
        r"\$\((guile|let|intcmp)\b",
        r"\$\(shell [^\n]*#[^\n]*\)",  # before 4.3 a comment begins there
    ],
)
def test_the_makefile_is_for_make_3_81(newer: str) -> None:
    assert not re.search(newer, MAKEFILE, re.M)


def test_a_loop_ends_at_its_first_failure() -> None:
    loops = re.findall(r"^\t@?(.*)\bfor \w+ in ", MAKEFILE, re.M)
    assert loops
    assert set(loops) == {"set -e; "}


@pytest.mark.parametrize(
    "newer",
    [
        r"\b(mapfile|readarray)\b",
        r"\b(declare|local|typeset) -[Anlu]",
        r"\$\{\w+(\^|,,?|@)",
        r"\|&|&>>",
        r"\$\{\w+: +-\d",
        r"\bxargs (-r|--no-run)",
        r"\bsort [^|\n]*(-V|--version)",
        r"\bsed (-i|--in-place|-r)",
        r"\bgrep (-\w*P|--)",
        r"(?<!-)\b(readlink -f|realpath|stat -c|date -d|timeout|tac|nproc|seq) ",
    ],
)
@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_of_the_host_are_for_bash_3_2_and_bsd(script: str, newer: str) -> None:
    code = re.sub(r"^ *#.*$", "", (ROOT / script).read_text(), flags=re.M)
    assert not re.search(newer, code)


def test_text_has_line_feeds_alone_in_every_checkout() -> None:
    assert "* text=auto eol=lf" in (ROOT / ".gitattributes").read_text().splitlines()
    for name in ("Makefile", "Dockerfile", "images/Dockerfile", "docker-compose.yml", *SCRIPTS):
        assert b"\r" not in (ROOT / name).read_bytes(), name
