"""A producer that is lost for good ends the process, and the records in hand are retriable."""

import asyncio
import signal
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from services.rest_proxy.delivery import Deliverer
from services.rest_proxy.records import ANY_PARTITION, Record
from stack.local.isolated import make_settings


class LostProducer:
    """A producer after a fatal error."""

    def produce(self, *_arguments: object) -> None:
        raise KafkaException(KafkaError(KafkaError._FATAL, "fenced", True))


def test_a_fatal_error_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    monkeypatch.setattr("services.rest_proxy.delivery.Producer", lambda _: LostProducer())
    deliverer = Deliverer(make_settings(tmp_path))
    entries = asyncio.run(deliverer.send("topic", [Record(None, b"1", ANY_PARTITION)]))
    assert [entry.error_code for entry in entries] == [50003]
    assert raised == [signal.SIGTERM]
