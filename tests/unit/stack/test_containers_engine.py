"""Test what the stack's script asks of the engine before it begins, and what it says where the engine refuses."""

from pathlib import Path

import pytest

from tests.unit.fake_docker import Host

GIB = 1024**3


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_images_are_built_without_attestations_whose_time_makes_a_new_digest_each(host: Host) -> None:
    assert host.stack("setup").returncode == 0
    assert "compose build" in host.notes()
    assert host.notes().count("compose build") == host.notes().count("without attestations: 1")


@pytest.mark.parametrize(
    ("compose", "buildx", "complaint"),
    [
        ("2.23.3", "yes", "2.24 or newer is needed, this is 2.23.3"),
        ("1.29.2", "yes", "2.24 or newer is needed, this is 1.29.2"),
        ("2.24.0", "", ""),
        ("2.40.3+ds1-0ubuntu1", "", ""),
        ("v5.0.0", "yes", ""),
        ("5.0.0-rc.1", "", "docker-buildx-plugin"),
        ("10.1", "", "docker-buildx-plugin"),
    ],
)
@pytest.mark.parametrize("command", ["setup", "doctor"])
def test_the_tools_that_build_are_checked_first(
    host: Host, command: str, compose: str, buildx: str, complaint: str
) -> None:
    done = host.stack(command, COMPOSE=compose, BUILDX=buildx)
    assert bool(done.returncode) == bool(complaint), done.stdout
    assert complaint in done.stdout
    assert ("compose build" in host.notes()) == (command == "setup" and not complaint)


@pytest.mark.parametrize("command", ["setup", "doctor"])
@pytest.mark.parametrize("where", ["shell", ".env"])
@pytest.mark.parametrize("security", ["iam", "ssl", "sasl_ssl", "sals"])
def test_a_kafka_elsewhere_is_refused_with_the_way_to_it(
    host: Host, command: str, where: str, security: str
) -> None:
    answers = {"KAFKA_SECURITY": security} if where == "shell" else {}
    (host.checkout / ".env").write_text("" if answers else f'KAFKA_SECURITY = "{security}"  # MSK\n')
    done = host.stack(command, **answers)
    assert done.returncode == 1
    assert f"KAFKA_SECURITY is '{security}', but in containers Kafka is the stack's own" in done.stdout
    assert "MODE=local" in done.stdout
    assert "compose build" not in host.notes()


@pytest.mark.parametrize("given", ["", "KAFKA_SECURITY=\n", "KAFKA_SECURITY=iam\nKAFKA_SECURITY=plaintext\n"])
def test_the_security_of_the_stacks_own_kafka_is_taken(host: Host, given: str) -> None:
    (host.checkout / ".env").write_text(given)
    assert host.stack("setup").returncode == 0


@pytest.mark.parametrize("in_shell", ["", "plaintext"])
def test_the_shells_security_counts_before_that_of_the_env_file(host: Host, in_shell: str) -> None:
    (host.checkout / ".env").write_text("KAFKA_SECURITY=iam\n")
    assert host.stack("setup", KAFKA_SECURITY=in_shell).returncode == 0


def test_an_engine_with_room_is_not_worth_a_word(host: Host) -> None:
    done = host.stack("up", COMPOSE_PROFILES="stream,airflow", MEMORY=str(5 * GIB))
    assert done.returncode == 0
    assert "memory" not in done.stdout


def test_too_little_memory_is_said_before_anything_starts_with_the_sets_that_fit(host: Host) -> None:
    """Here the core takes 1 GB and each profile 2; what ends by itself counts for nothing."""
    done = host.stack("up", COMPOSE_PROFILES="stream,airflow", MEMORY=str(4 * GIB))
    assert done.returncode == 0
    assert "The engine has 4.0 GB of memory" in done.stdout
    assert "take up to 5.0 GB" in done.stdout
    assert (
        "COMPOSE_PROFILES=stream (3.0 GB) COMPOSE_PROFILES=airflow (3.0 GB) COMPOSE_PROFILES= (1.0 GB)"
        in done.stdout
    )


def test_doctor_fails_where_no_set_has_room(host: Host) -> None:
    done = host.stack("doctor", COMPOSE_PROFILES="stream", MEMORY=str(GIB // 2))
    assert done.returncode == 1
    assert "The engine has 0.5 GB of memory" in done.stdout
    assert "choose fewer" not in done.stdout


def test_doctor_shows_both_where_there_is_room(host: Host) -> None:
    done = host.stack("doctor", COMPOSE_PROFILES="stream")
    assert done.returncode == 0
    assert "has 16.0 GB of memory; the chosen services take up to 3.0 GB" in done.stdout


def test_the_first_set_up_says_what_it_fetches(host: Host) -> None:
    assert "GB of downloads" in host.stack("setup", PRESENT="").stdout
    assert "GB of downloads" not in host.stack("setup").stdout


@pytest.mark.parametrize(
    ("failing", "complaint"), [("build", "could not be built"), ("pull", "could not be pulled")]
)
def test_images_that_cannot_be_had_are_explained(host: Host, failing: str, complaint: str) -> None:
    done = host.stack("setup", FAILING=failing, PRESENT="")
    assert done.returncode == 1
    assert done.stdout.index(f"{failing} failed") < done.stdout.index(f"Images {complaint}")
    assert "Still missing: apache/kafka:4.3.1\n" in done.stdout
    assert "docs/images.md" in done.stdout
    assert "compose up" not in host.notes()


def test_a_database_that_refuses_us_comes_with_the_way_out(host: Host) -> None:
    done = host.stack("up", FAILING="up", FAILED="mysql")
    assert done.returncode == 1
    assert "The last health check of mysql: ERROR 1045: Access denied for user 'root'" in done.stdout
    assert "docker compose rm --force --stop mysql && docker volume rm pipeline_mysql-data" in done.stdout
