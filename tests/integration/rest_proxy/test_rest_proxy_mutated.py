"""Requests with a few bytes changed: each is answered, by no server error; what is acknowledged is in Kafka once."""

import secrets
from pathlib import Path

import psutil
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.mutated_requests import PARTITIONS, TOPIC, places_in_kafka, send
from bench.raw_http import FILLING_BYTES
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from tests.integration.rest_proxy.proxy import new_topic, running_proxy

COUNT = 1_500


def test_changed_bytes_are_the_callers_error_and_nothing_is_lost(kafka: Settings, tmp_path: Path) -> None:
    seed = secrets.randbelow(2**32)
    admin = AdminClient(client_options(kafka, Principal.PROVISION))
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result()
    values = {
        "PIN_BATCH_TOPIC": new_topic(kafka, PARTITIONS),
        "PIN_STREAMING_TOPIC": new_topic(kafka, PARTITIONS),
        "REST_PROXY_MAX_BODY_BYTES": FILLING_BYTES // 2,
    }
    with running_proxy(kafka, tmp_path, **values) as proxy:
        seen, _ = send(proxy.settings, psutil.Process(proxy.process.pid), COUNT, seed)
        held = places_in_kafka(proxy.settings)
    assert seen.wrong == [], f"seed {seed}"
    assert seen.places, f"seed {seed}: none of the changed requests was valid"
    assert {*seen.places} <= held, f"seed {seed}"
    assert max(seen.places.values()) == 1, f"seed {seed}"
