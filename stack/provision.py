"""Make what the flow needs where it is missing, and again when LocalStack has lost it: `python -m stack.provision`.

Topics, bucket, streams, REST API, served schema and source rows; what is there is left alone.
"""

import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from structlog.stdlib import BoundLogger

from common.api import find_api
from common.clients import api_gateway_client, kinesis_client
from common.log import configure
from common.settings import Settings, load_settings
from common.state_file import StateFile
from operations.rebuild import Rebuild
from services.provision.steps import FAILURES, provision, provision_aws
from services.provision.streams import has_none

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_kinesis import KinesisClient

_ROUND_SECONDS = 1.0


def main() -> None:
    """Provision, then keep it so until SIGTERM or Ctrl-C.

    The first step that fails ends the process with status 1 and what to mend.
    """
    log, settings, stop = configure("provision"), load_settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    state = StateFile(settings.state_dir, "provision")
    try:
        url = provision(log, settings)
    except FAILURES as error:
        log.error("provisioning failed", reason=str(error))
        raise SystemExit(1) from None
    # AWS forgets nothing.
    if not settings.aws.endpoint_url:
        keep(log, settings, state, stop, api=None)
        return
    rebuild = Rebuild(log, settings)
    threading.Thread(target=rebuild.watch, args=(stop,), name="rebuild", daemon=True).start()
    keep(log, settings, state, stop, api=settings.api_name if url else None, rebuild=rebuild)


def keep(  # noqa: PLR0913 - what it watches, and whom it tells
    log: BoundLogger,
    settings: Settings,
    state: StateFile,
    stop: threading.Event,
    *,
    api: str | None,
    rebuild: Rebuild | None = None,
) -> None:
    """Until `stop` is set, look whether LocalStack still has the API of this name: a restart loses it and the bucket.

    Its Kinesis is a process of its own, which may lose the streams alone. The state file says what is missing before it
    is made again, and how far the rebuild of the bucket is.
    """
    known = None
    missing = partial(_missing, settings, api_gateway_client(settings), kinesis_client(settings))
    while True:
        problem = None
        try:
            if api is not None and (what := missing(api)):
                state.write(partial(dict, problem=f"LocalStack has lost the {what}"))
                log.warning(f"LocalStack has lost the {what}")
                provision_aws(log, settings)
                if rebuild:
                    rebuild.look_again()
        except (BotoCoreError, ClientError, TimeoutError) as error:
            problem = str(error)
            if problem != known:
                log.warning("no look at LocalStack", reason=problem)
        state.write(partial(dict, problem=problem, **(rebuild.state if rebuild else {})))
        known = problem
        if stop.wait(_ROUND_SECONDS):
            return


def _missing(
    settings: Settings, gateway: "APIGatewayClient", kinesis: "KinesisClient", api: str
) -> str | None:
    if find_api(gateway, api) is None:
        return "REST API"
    return "streams" if has_none(settings, kinesis) else None


if __name__ == "__main__":
    main()
