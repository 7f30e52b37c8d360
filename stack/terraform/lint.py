"""Check the form and the sense of all modules: `python -m stack.terraform.lint`, for `make lint`."""

import subprocess
from pathlib import Path

from common.settings import INSTALL_DIR
from common.terminal import complain, note
from stack.terraform.program import FOLDER, Terraform, is_installed, modules


def problems() -> list[str]:
    """Return what Terraform objects to."""
    formatted = Terraform(FOLDER, INSTALL_DIR).run("fmt", "-check", "-recursive", "-diff")
    found = [f"`terraform fmt -recursive terraform` would change:\n{formatted.stdout}{formatted.stderr}"]
    return [*(found if formatted.returncode else []), *filter(None, map(_invalid, modules()))]


def _invalid(folder: Path) -> str:
    module = Terraform(folder, INSTALL_DIR / "terraform" / folder.name)
    try:
        module.init()
    except subprocess.CalledProcessError as error:
        return f"{folder}: {error.stderr}"
    checked = module.run("validate")
    return f"{checked.stdout}{checked.stderr}" if checked.returncode else ""


def main() -> None:
    """Print the problems, and end with 1 where there are some."""
    if not is_installed():
        note("terraform is not installed: terraform/ is not checked.")
        return
    if found := problems():
        complain("\n".join(found))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
