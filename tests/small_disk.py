"""A file system of a few megabytes, which a test can fill."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount one at the folder, in memory, over what it has; skip the test where this account may mount none."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (mount := shutil.which("mount")) or not (umount := shutil.which("umount")):
        pytest.skip("no mount command")
    command = [mount, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: a JVM outlives its program for a moment, and the disk goes when it is out.
        subprocess.run([umount, "--lazy", folder], check=True)


def fill(folder: Path, free: int) -> Path:
    """Return a new file that leaves so many bytes of the folder's disk free."""
    ballast = folder / "ballast"
    disk = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - free)
    return ballast
