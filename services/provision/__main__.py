"""Make what the flow needs where it is missing, and again when LocalStack has lost it: `python -m services.provision`.

Topics, bucket, streams, REST API, served schema and source rows; what is there is left alone.
"""

import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import mysql.connector
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from structlog.stdlib import BoundLogger

from services.common.api import find_api
from services.common.clients import api_gateway_client, kinesis_client
from services.common.log import configure
from services.common.settings import Settings, load_settings
from services.common.state_file import StateFile
from services.mysql.source import ensure_source
from services.mysql.source_dir import SourceError
from services.postgres.schema import SchemaError, ensure_schema
from services.provision.api import ensure_api
from services.provision.bucket import ensure_bucket
from services.provision.rebuild import Rebuild
from services.provision.streams import ensure_streams, has_none
from services.provision.topics import ensure_pin_topics, ensure_topics

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_kinesis import KinesisClient

FAILURES = (
    *(SchemaError, psycopg2.Error),
    *(SourceError, mysql.connector.Error),
    *(KafkaException, BotoCoreError, ClientError, TimeoutError),
)


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
    if not settings.aws_endpoint_url:
        keep(log, settings, state, stop, api=None)
        return
    rebuild = Rebuild(log, settings)
    threading.Thread(target=rebuild.watch, args=(stop,), name="rebuild", daemon=True).start()
    keep(log, settings, state, stop, api=settings.api_name if url else None, rebuild=rebuild)


def provision(log: BoundLogger, settings: Settings) -> str | None:
    """Do each step in turn; returns the invoke URL, if the API is ours to make."""
    log.info("making topics")
    for remark in (*ensure_topics(settings), *ensure_pin_topics(settings)):
        log.warning(remark)
    url = provision_aws(log, settings)
    log.info("making schemas and roles")
    ensure_schema(settings)
    log.info("filling the source tables")
    ensure_source(settings)
    log.info("provisioned")
    return url


def provision_aws(log: BoundLogger, settings: Settings) -> str | None:
    """What is on AWS or LocalStack; the API comes last, so that where it is the rest is."""
    log.info("making bucket, streams and REST API")
    ensure_bucket(settings)
    for remark in ensure_streams(settings):
        log.warning(remark)
    url = ensure_api(settings)
    log.info("REST API", invoke_url=url or "not made: API_ROLE_ARN is not set")
    return url


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
