"""Commands in containers where there is no terminal: a signal reaches the container, and its end is waited for."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from common.wait import wait_until
from tests.unit.fake_docker import Host

# `docker compose run` prints what the container prints, and ends with its status, unless a signal ends it before.
DOCKER = r"""#!/usr/bin/env bash
case "$*" in
'compose --progress quiet run --rm -T --name '*) shift 7 ;;
"kill --signal INT "*)
    [ "$4" = "$(cat container)" ] && touch interrupted || exit
    # It may be gone, and whoever started it know that, before this ends.
    while [ -n "$GONE_FIRST" ] && kill -0 "$(cat process)" 2> /dev/null; do sleep 0.05; done
    exit
    ;;
*) echo "unexpected: $*" && exit 1 ;;
esac
read -r said
echo "$2: $said"
echo "$$" > process
echo "$1" > container.new && mv container.new container
until [ -e interrupted ]; do sleep 0.05; done
echo "the counts"
exit 7
"""
# The stand-ins answer at once; the machine may be busy.
TIMEOUT_SECONDS = 60


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    host.put("docker", DOCKER)
    return host


@pytest.mark.parametrize("gone_first", ["", "yes"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_container_which_tells_its_counts(
    host: Host, sent: signal.Signals, gone_first: str
) -> None:
    with subprocess.Popen(
        ["stack/containers/stack", "unattended", "emulator"],
        cwd=host.checkout,
        env=host.environment | {"GONE_FIRST": gone_first},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdin
        command.stdin.write("from a file\n")
        command.stdin.flush()
        wait_until((host.checkout / "container").exists, timeout=TIMEOUT_SECONDS, what="the container")
        os.killpg(command.pid, sent)  # as a terminal's Ctrl-C or `timeout` does
        printed, _ = command.communicate(timeout=TIMEOUT_SECONDS)
    assert printed == "emulator: from a file\nthe counts\n"
    assert command.returncode == 7


def test_a_command_that_ends_by_itself_keeps_its_status(host: Host) -> None:
    (host.checkout / "interrupted").touch()
    done = host.stack("unattended", "emulator")
    assert (done.returncode, done.stdout) == (7, "emulator: \nthe counts\n")
