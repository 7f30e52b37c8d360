"""A stand-in for the host's `docker` and `uname`, for tests of what the Makefile and `stack/containers/stack` do."""

import os
import shutil
import subprocess
from pathlib import Path

from common.settings import ROOT, VARIABLES

# Its arguments go to $NOTES, and with a build the setting that keeps digests as they are. What it says is of the
# environment too:
#   ENGINE    empty: no engine answers
#   COMPOSE   Compose's version, empty: no such plugin
#   BUILDX    empty: no such plugin
#   MEMORY    the engine's, in bytes
#   CHOSEN    services that .env chooses
#   RUNNING   ids of containers
#   HELD      a file in Kafka's volume
#   PRESENT   empty: no image is there
#   FAILING   a word of the commands that fail
# Compose prints the services in any order. Those that follow the first one here are more than a pipe holds, so that
# who prints them notices a reader that has left.
DOCKER = r"""#!/usr/bin/env bash
echo "$*" >> "$NOTES"
[ -z "$FAILING" ] || [[ " $* " != *" $FAILING "* ]] || { echo "$FAILING failed" >&2; exit 1; }
case "$*" in
'compose version --short') [ -n "$COMPOSE" ] && echo "$COMPOSE" ;;
'compose version') [ -n "$COMPOSE" ] ;;
'buildx version') [ -n "$BUILDX" ] ;;
'info --format {{.MemTotal}}') echo "$MEMORY" ;;
info* | version*) [ -n "$ENGINE" ] ;;
'image inspect'*) [ -n "$PRESENT" ] ;;
'compose build'*) echo "without attestations: $BUILDX_NO_DEFAULT_ATTESTATIONS" >> "$NOTES" ;;
*'config --services') echo "$CHOSEN" && seq --format 'service-%.0f' 20000 ;;
*'config --images'*) echo apache/kafka:4.3.1 ;;
*stack.containers.show*--failed*) cat > /dev/null && echo "$FAILED" ;;
*stack.containers.show*) cat > /dev/null ;;
*stack.containers.env) cat > /dev/null && echo 'KAFKA_CLUSTER_ID=new' ;;
*'compose config' | *' * config')
    printf '%s\n' 'name: pipeline' services: '  kafka:' '    mem_limit: "1073741824"' '    restart: unless-stopped' \
        '  init:' '    mem_limit: "8589934592"' '    restart: on-failure'
    for profile in ${COMPOSE_PROFILES//,/ }; do
        printf '%s\n' "  of-$profile:" '    restart: unless-stopped' '    mem_limit: "2147483648"' '    image: x'
    done
    printf '%s\n' volumes: '  data:' '    name: pipeline_data'
    ;;
*'kafka-data:/kafka-data:ro provision find '*) echo "$HELD" ;;
'compose ps --quiet') echo "$RUNNING" ;;
'compose ps --all --quiet mysql') echo mysql-container ;;
'inspect --format'*) printf '%s\n' 'not yet' "ERROR 1045: Access denied for user 'root'" ;;
esac
"""
UNAME = '#!/bin/sh\necho "$SYSTEM"\n'


def is_script(path: Path) -> bool:
    """Return whether a shell runs the file."""
    return path.open("rb").read(2) == b"#!"


class Host:
    """A checkout without a .env, on a machine whose `docker` and `uname` are stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.checkout, self.notes_file = folder / "bin", folder / "checkout", folder / "notes"
        self.programs.mkdir()
        self.put("docker", DOCKER)
        self.put("uname", UNAME)
        scripts = [path for path in (ROOT / "stack").rglob("*") if path.is_file() and is_script(path)]
        named = sorted((ROOT / "stack" / "kafka" / "security").glob("*.env"))
        for path in (ROOT / "Makefile", ROOT / "docker-compose.yml", *named, *scripts):
            copy = self.checkout / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        mine = {*VARIABLES, "MODE"}
        kept = {name: text for name, text in os.environ.items() if name not in mine and "MAKE" not in name}
        answers = {
            "ENGINE": "yes",
            "COMPOSE": "2.40.3",
            "BUILDX": "",
            "MEMORY": str(16 * 1024**3),
            "PRESENT": "yes",
        }
        answers |= {
            "CHOSEN": "spark-worker",
            "HELD": "",
            "FAILING": "",
            "FAILED": "",
            "SYSTEM": "Linux x86_64",
        }
        search = f"{self.programs}:{os.environ['PATH']}"
        self.environment = {**kept, **answers, "PATH": search, "NOTES": str(self.notes_file)}

    def put(self, name: str, text: str) -> None:
        """Write a program of the machine's."""
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def run(self, *words: str, **answers: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the checkout, where the stand-ins say so; its output is all in `stdout`."""
        return subprocess.run(
            words,
            cwd=self.checkout,
            env=self.environment | answers,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def stack(self, *words: str, **answers: str) -> subprocess.CompletedProcess[str]:
        """Run `stack/containers/stack`."""
        return self.run("stack/containers/stack", *words, **answers)

    def notes(self) -> str:
        """Return what `docker` was asked."""
        return self.notes_file.read_text() if self.notes_file.exists() else ""
