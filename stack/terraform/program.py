"""Run Terraform on a folder of terraform/, with its data outside of that folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from common.settings import ROOT

FOLDER = ROOT / "terraform"
_LOCK = ".terraform.lock.hcl"
# Below it add-on software lives. Where Terraform itself looks for plugins, it finds them without help.
_ADD_ONS = Path("/opt")


def is_installed() -> bool:
    """Return whether there is a Terraform here."""
    return shutil.which("terraform") is not None


def modules() -> list[Path]:
    """Return the folders that Terraform runs on."""
    return sorted(lock.parent for lock in FOLDER.glob(f"*/{_LOCK}"))


def plugin_folder(module: Path, add_ons: Path = _ADD_ONS) -> Path | None:
    """Return a folder of this machine that has the pinned provider; None where Terraform has to find it by itself."""
    pins = re.findall(
        r'^provider "(.+)" \{\s+version\s+= "(.+)"', (module / _LOCK).read_text(encoding="utf-8"), re.M
    )
    candidates = (folder for folder in sorted(add_ons.glob("*/")))
    return next(
        (
            folder
            for folder in candidates
            if all((folder / provider / version).is_dir() for provider, version in pins)
        ),
        None,
    )


class Terraform(NamedTuple):
    """Terraform for one module.

    Attributes:
        module: the folder of its files.
        data: the folder of what Terraform keeps beside them.
        state: the file that says what it has made; None for commands that make nothing.
        environment: variables of its environment, such as TF_VAR_user_id.
    """

    module: Path
    data: Path
    state: Path | None = None
    environment: Mapping[str, str] = {}

    def init(self) -> None:
        """Install the pinned provider: from a folder of this machine where one has it, else from the registry.

        Raises:
            subprocess.CalledProcessError: it is not to be had, or is not the pinned one.
        """
        backend = f"-backend-config=path={self.state}" if self.state else "-backend=false"
        plugins = plugin_folder(self.module)
        source = [f"-plugin-dir={plugins}"] if plugins else []
        self.run(
            "init", "-input=false", "-lockfile=readonly", "-reconfigure", backend, *source
        ).check_returncode()

    def run(self, *words: str, quiet: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command; its output is in the result, unless it is to be shown."""
        pipe = subprocess.PIPE if quiet else None
        command = ["terraform", f"-chdir={self.module}", *words]
        return subprocess.run(
            command, env=self._environment(), stdout=pipe, stderr=pipe, text=True, check=False
        )

    def _environment(self) -> dict[str, str]:
        callers = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        # CHECKPOINT_DISABLE: it asks its makers for newer versions of itself.
        own = {"TF_DATA_DIR": str(self.data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        return callers | own | dict(self.environment)
