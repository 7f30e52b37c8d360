"""Become JupyterLab's server: `python -m stack.jupyter.launch`.

It knows one kernel, workspace.kernel, and two folders: our examples, and the user's own.
"""

import os
from importlib.util import find_spec

from common.settings import load_settings
from common.terminal import complain
from common.user_folder import UserFolderError
from stack.jupyter.folders import arrange_folders


def main() -> None:
    """Arrange the folders and serve them, until a signal; status 1 and the reason where that cannot be."""
    settings = load_settings()
    if find_spec("jupyter_server") is None:
        complain("JupyterLab is not installed. Run `make notebook`, which installs it.")
        raise SystemExit(1)
    try:
        arrange_folders(settings)
    except UserFolderError as error:
        complain(str(error))
        raise SystemExit(1) from None
    # JupyterLab is installed when it is first wanted.
    from stack.jupyter.server import environment, serve  # noqa: PLC0415

    os.environ.update(environment(settings))
    # Kernels have this process's environment, and no use for the token.
    os.environ.pop("NOTEBOOK_TOKEN", None)
    serve(settings)


if __name__ == "__main__":
    main()
