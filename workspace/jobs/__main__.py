"""`python -m workspace.jobs`: serve the Jobs API until SIGTERM or SIGINT, then end the notebook that runs and stop."""

import os
import signal
from types import FrameType

import uvicorn

from common.log import configure
from common.settings import load_settings
from common.user_folder import UserFolderError
from workspace.folders import jobs_folder
from workspace.jobs.app import create_app
from workspace.jobs.application import Application, worker_command, worker_environment
from workspace.jobs.notebooks import arrange_folder
from workspace.jobs.runner import Runner
from workspace.jobs.store import Store


def main() -> None:
    """Serve on JOBS_API_HOST:JOBS_API_PORT; status 1 and the reason where NOTEBOOK_DIR cannot be read."""
    settings, log = load_settings(), configure("jobs")
    try:
        root = arrange_folder(settings)
    except UserFolderError as error:
        log.error("no notebooks of your own", reason=str(error))
        raise SystemExit(1) from None
    signal.signal(signal.SIGTERM, _stopped)
    store = Store(jobs_folder(settings))
    environment = worker_environment(os.environ)
    runner = Runner(store, root, lambda: Application(worker_command(), environment))
    log.info("starting", port=settings.jobs_api.port, notebooks=str(root))
    uvicorn.run(
        create_app(settings, store, runner),
        host=settings.jobs_api.host,
        port=settings.jobs_api.port,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,  # answers take milliseconds
    )
    log.info("stopped")


def _stopped(_number: int, _frame: FrameType | None) -> None:
    """A stop is no failure: uvicorn, once it has stopped, raises the signal that stopped it again."""
    raise SystemExit(0)


if __name__ == "__main__":
    main()
