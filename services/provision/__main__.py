"""Make what the flow needs where it is missing: `python -m services.provision`.

Topics, bucket, streams, REST API, served schema and source rows. Runs after every start, since LocalStack forgets its
buckets and REST APIs, and leaves alone what is there.
"""

import mysql.connector
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from structlog.stdlib import BoundLogger

from services.common.log import configure
from services.common.settings import Settings, load_settings
from services.mysql.source import ensure_source
from services.mysql.source_dir import SourceError
from services.postgres.schema import SchemaError, ensure_schema
from services.provision.api import ensure_api
from services.provision.bucket import ensure_bucket
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics, ensure_topics

FAILURES = (
    *(SchemaError, psycopg2.Error),
    *(SourceError, mysql.connector.Error),
    *(KafkaException, BotoCoreError, ClientError, TimeoutError),
)


def main() -> None:
    """Provision; the first step that fails ends the process with status 1 and what to mend."""
    log, settings = configure("provision"), load_settings()
    try:
        provision(log, settings)
    except FAILURES as error:
        log.error("provisioning failed", reason=str(error))
        raise SystemExit(1) from None


def provision(log: BoundLogger, settings: Settings) -> None:
    """Do each step in turn."""
    log.info("making topics, bucket and streams")
    for remark in (*ensure_topics(settings), *ensure_pin_topics(settings)):
        log.warning(remark)
    ensure_bucket(settings)
    for remark in ensure_streams(settings):
        log.warning(remark)
    url = ensure_api(settings)
    log.info("REST API", invoke_url=url or "not made: API_ROLE_ARN is not set")
    log.info("making schemas and roles")
    ensure_schema(settings)
    log.info("filling the source tables")
    ensure_source(settings)
    log.info("provisioned")


if __name__ == "__main__":
    main()
