"""Test that what a machine lacks is named with its package, and that the newest working Python is taken."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stack.local import doctor
from tests.bare_machine import DEBIAN_12, PREREQUISITES, Machine

# As the releases have them.
DEBIAN_13 = 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
UBUNTU_22 = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\nUBUNTU_CODENAME=jammy\n'
UBUNTU_24 = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n'
MINT_21 = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="21"\nVERSION_CODENAME=vanessa\nUBUNTU_CODENAME=jammy\n'
FEDORA_43 = 'ID=fedora\nVERSION_ID=43\nVERSION_CODENAME=""\n'
FEDORA_45 = 'ID=fedora\nVERSION_ID=45\nVERSION_CODENAME=""\n'
ROCKY_9 = 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.5"\n'
SUSE = 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n'
ARCH = "ID=arch\n"
OTHER = "ID=void\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("release", "command"),
    [
        (DEBIAN_12, "apt-get install openjdk-17-jre-headless"),
        (DEBIAN_13, "apt-get install openjdk-21-jre-headless"),
        (UBUNTU_22, "apt-get install openjdk-17-jre-headless"),
        (UBUNTU_24, "apt-get install openjdk-21-jre-headless"),
        (MINT_21, "apt-get install openjdk-17-jre-headless"),
        (FEDORA_43, "dnf install java-21-openjdk-headless"),
        (FEDORA_45, "dnf install java-25-openjdk-headless"),
        (ROCKY_9, "dnf install java-21-openjdk-headless"),
        (SUSE, "zypper install java-21-openjdk-headless"),
        (ARCH, "pacman -S jre21-openjdk-headless"),
    ],
)
def test_a_missing_java_comes_with_the_package_of_the_release(
    machine: Machine, release: str, command: str
) -> None:
    machine.release(release)
    asked = machine.ask("java")
    assert asked.returncode == 1
    assert asked.stdout == ""
    assert "Java 17 or newer is missing (on the PATH: none)" in asked.stderr
    assert f"`{command}`" in asked.stderr


def test_on_macos_it_is_homebrews(machine: Machine) -> None:
    (machine.folder / "os-release").unlink()
    (machine.programs / "uname").unlink()
    machine.program("uname", "echo Darwin")
    assert "`brew install --cask temurin@21`" in machine.ask("java").stderr
    assert "`brew install python@3.13`" in machine.ask("python").stderr


def test_a_system_that_is_not_known_gets_advice_all_the_same(machine: Machine) -> None:
    machine.release(OTHER)
    assert "a package of your system" in machine.ask("java").stderr
    assert "`uv python install 3.13`" in machine.ask("python").stderr


@pytest.mark.parametrize(
    ("printed", "version"),
    [('openjdk version "17.0.15" 2025-04-15', "17"), ('openjdk version "25" 2025-09-16', "25")],
)
def test_a_java_that_will_do_is_named_by_its_version(machine: Machine, printed: str, version: str) -> None:
    machine.java(printed)
    assert machine.ask("java").stdout == f"{version}\n"


@pytest.mark.parametrize(
    ("printed", "status", "found"),
    [
        ('java version "1.8.0_401"', 0, "8"),
        ('openjdk version "11.0.2" 2019-01-15', 0, "11"),
        # What macOS has in the place of one.
        ("The operation could not be completed. Unable to locate a Java Runtime.", 1, "no working one"),
    ],
)
def test_a_java_that_is_too_old_or_none_is_refused(
    machine: Machine, printed: str, status: int, found: str
) -> None:
    machine.java(printed, status)
    asked = machine.ask("java")
    assert asked.returncode == 1
    assert f"(on the PATH: {found})" in asked.stderr
    assert "`apt-get install openjdk-17-jre-headless`" in asked.stderr


@pytest.mark.parametrize(
    ("release", "package"),
    [
        (DEBIAN_12, "`apt-get install python3-venv`"),
        (DEBIAN_13, "`apt-get install python3-venv`"),
        (UBUNTU_24, "`apt-get install python3-venv`"),
        (UBUNTU_22, None),
        (FEDORA_43, "`dnf install python3.13`"),
        (ROCKY_9, None),
    ],
)
def test_a_missing_python_comes_with_the_releases_package_and_with_uvs(
    machine: Machine, release: str, package: str | None
) -> None:
    machine.release(release)
    asked = machine.ask("python")
    assert asked.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 with its venv module is missing" in asked.stderr
    named = re.findall(r"`[^`]*install [^`]*`", asked.stderr)
    assert named == [*([package] if package else []), "`uv python install 3.13`"]


def test_the_newest_python_on_the_path_is_taken(machine: Machine) -> None:
    for version in ("3.11", "3.12", "3.13", "3.14"):
        machine.program(f"python{version}", "exit 0")
    assert machine.ask("python").stdout == f"{machine.programs}/python3.13\n"


def test_a_python_that_cannot_make_environments_is_passed_over(machine: Machine) -> None:
    # Debian's without its venv package; pyenv's shim of a version that is not chosen.
    machine.program("python3.13", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    machine.program("python3.12", "exit 127")
    machine.program("python3.11", "exit 0")
    assert machine.ask("python").stdout == f"{machine.programs}/python3.11\n"


def test_what_uv_has_fetched_is_found_and_then_what_pyenv_has(machine: Machine) -> None:
    pyenv = machine.home / ".pyenv/versions/3.13.0/bin/python3.13"
    machine.add(pyenv, "exit 0")
    assert machine.ask("python").stdout == f"{pyenv}\n"
    fetched = machine.home / ".local/share/uv/python/cpython-3.12.9-linux-x86_64-gnu/bin/python3.12"
    machine.add(fetched, "exit 0")
    assert machine.ask("python").stdout == f"{fetched}\n"
    assert machine.ask("python", "3.13").stdout == f"{pyenv}\n"


def test_the_environment_that_is_to_be_made_is_not_made_from_itself(machine: Machine) -> None:
    checkout = machine.folder / "checkout"
    script = checkout / "stack" / "local" / "prerequisites"
    script.parent.mkdir(parents=True)
    shutil.copy2(PREREQUISITES, script)
    own = checkout / ".venv" / "bin"
    machine.add(own / "python3.13", "exit 0")
    machine.program("python3.11", "exit 0")
    environment = {**machine.environment, "PATH": f"{own}:{machine.programs}"}
    found = subprocess.run([script, "python"], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout == f"{machine.programs}/python3.11\n"


def test_a_python_that_is_named_is_taken_or_refused_by_its_name(machine: Machine) -> None:
    machine.program("python3.13", "exit 0")
    machine.program("mine", "exit 0")
    machine.program("old", "exit 1")
    assert machine.ask("python", "mine").stdout == "mine\n"
    refused = machine.ask("python", "old")
    assert refused.returncode == 1
    assert "old is no Python of 3.11 or newer" in refused.stderr


def test_both_are_named_where_both_are_missing(machine: Machine) -> None:
    asked = machine.ask("check")
    assert asked.returncode == 1
    assert "Python 3.11" in asked.stderr
    assert "Java 17" in asked.stderr
    machine.program("python3.12", "exit 0")
    machine.java('openjdk version "21.0.1" 2023-10-17')
    assert machine.ask("check").returncode == 0


def test_doctor_says_the_same(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in machine.environment.items():
        monkeypatch.setenv(name, text)
    assert doctor.java().remedy == machine.ask("java").stderr.strip()
    assert doctor.java().found == "none that will do"


def test_make_says_the_same(machine: Machine) -> None:
    """In a checkout without .venv, before anything else is done."""
    made = machine.make("setup", "MODE=local")
    assert made.returncode == 2
    assert machine.ask("check").stderr in made.stderr
    assert not (machine.checkout / ".venv").exists()


@pytest.mark.parametrize("target", ["test", "lint"])
def test_with_an_engine_tests_and_checks_run_in_a_container(machine: Machine, target: str) -> None:
    machine.program("docker", f'echo "$*" >> {machine.folder}/asked')
    made = machine.make(target, "MODE=compose", "TESTS=tests/unit/test_one.py tests/unit/test_two.py")
    assert made.returncode == 0, made.stderr
    assert "in a container of pinterest-pipeline/dev" in made.stderr
    *_, build, run = (machine.folder / "asked").read_text().splitlines()
    assert build == "compose build --quiet dev"
    assert run.startswith("compose --progress quiet run --rm -T --name ")
    assert run.endswith(
        f" --no-deps dev make {target}-here MODE=local TEST_PROCESSES=2 "
        "TESTS=tests/unit/test_one.py tests/unit/test_two.py"
    )


def test_in_local_mode_no_engine_is_asked(machine: Machine) -> None:
    machine.program("docker", f"touch {machine.folder}/asked")
    made = machine.make("test", "MODE=local")
    assert made.returncode == 2
    assert machine.ask("check").stderr in made.stderr
    assert not (machine.folder / "asked").exists()
