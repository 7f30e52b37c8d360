"""A machine that has next to nothing: its release's name, a PATH of programs made up, and an empty home."""

import shutil
import subprocess
from pathlib import Path

from common.settings import ROOT

PREREQUISITES = ROOT / "stack" / "local" / "prerequisites"
DEBIAN_12 = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'


class Machine:
    """A release's name, a PATH of programs made up, and a home with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.home = folder / "home"
        self.programs.mkdir()
        self.home.mkdir()
        for name in ("bash", "dirname", "grep", "ls", "make", "mkdir", "sed", "touch", "uname", "xargs"):
            (self.programs / name).symlink_to(shutil.which(name) or "")
        self.release(DEBIAN_12)

    def release(self, text: str) -> None:
        (self.folder / "os-release").write_text(text)

    def add(self, path: Path, body: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def program(self, name: str, body: str) -> None:
        self.add(self.programs / name, body)

    def java(self, printed: str, status: int = 0) -> None:
        self.program("java", f"echo '{printed}' >&2; exit {status}")

    @property
    def checkout(self) -> Path:
        """A checkout that nothing was set up in."""
        folder = self.folder / "checkout"
        if not folder.exists():
            folder.mkdir()
            for name in ("Makefile", "docker-compose.yml", "requirements", "common", "stack"):
                (folder / name).symlink_to(ROOT / name)
        return folder

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": str(self.programs),
            "HOME": str(self.home),
            "OS_RELEASE": str(self.folder / "os-release"),
        }

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *words],
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PREREQUISITES, *words], env=self.environment, capture_output=True, text=True, check=False
        )
