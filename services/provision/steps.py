"""Make what the flow needs where it is missing: topics, bucket, streams, REST API, served schema and source rows.

What is there is left alone.
"""

import mysql.connector
import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from confluent_kafka import KafkaException
from structlog.stdlib import BoundLogger

from common.settings import Settings
from services.provision.api import ensure_api
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.statements import SchemaError
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics, ensure_topics
from services.source.fill import ensure_source
from services.source.source_dir import SourceError

FAILURES = (
    *(SchemaError, psycopg2.Error),
    *(SourceError, mysql.connector.Error),
    *(KafkaException, BotoCoreError, ClientError, TimeoutError),
)


def provision(log: BoundLogger, settings: Settings) -> str | None:
    """Do each step in turn; returns the invoke URL, if the API is ours to make."""
    log.info("making topics")
    ensure_rights(settings)
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
    """Provision what is on AWS or LocalStack; the API comes last, so that where it is the rest is."""
    log.info("making bucket, streams and REST API")
    ensure_bucket(settings)
    for remark in ensure_streams(settings):
        log.warning(remark)
    url = ensure_api(settings)
    log.info("REST API", invoke_url=url or "not made: API_ROLE_ARN is not set")
    return url
