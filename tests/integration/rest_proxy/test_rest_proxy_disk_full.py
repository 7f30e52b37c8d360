"""The REST proxy while Kafka's disk is full: nothing is acknowledged that Kafka does not hold."""

from contextlib import ExitStack
from itertools import count
from pathlib import Path

from common import health
from stack.local.isolated import make_settings
from tests.integration.rest_proxy.proxy import Proxy, new_topic, places, read_all, running_proxy
from tests.processes import launch_server
from tests.small_disk import fill, small_disk

# Kafka's own data at its start have 1 MB; of the topic's records 4 MB fit.
DISK_MEGABYTES = 32
FREE = 4 * 1024**2
# It ends as soon as a write fails; many times that, for a busy machine.
END_SECONDS = 60.0


def test_records_that_found_no_room_are_refused_and_the_others_are_kept(tmp_path: Path) -> None:
    own = make_settings(tmp_path / "broker", KAFKA_HEAP_MB=256, KAFKA_SECURITY="plaintext")
    with ExitStack() as stack:
        stack.enter_context(small_disk(own.state_dir / "kafka", DISK_MEGABYTES))
        broker = launch_server(stack, own, "kafka")
        topic = new_topic(own, 1)
        limits = {"REST_PROXY_DELIVERY_TIMEOUT_SECONDS": 5.0}
        proxy = stack.enter_context(running_proxy(own, tmp_path, **limits))
        places(proxy.post(topic, _record(0)))  # so that it knows the topic
        ballast = fill(own.state_dir / "kafka", FREE)
        acknowledged = _post_until_refused(proxy, topic)
        broker.wait(END_SECONDS)
        assert "No space left on device" in broker.output()
        assert "all log dirs" in broker.output()
        status, body = proxy.health()
        assert (status, "Kafka does not answer" in str(body["reason"])) == (503, True)
        ballast.unlink()
        broker.start()
        broker.wait_healthy(lambda: health.problem("kafka", own) is None)
        proxy.wait_healthy()
        places(proxy.post(topic, _record(10_000)))
        held = {offset: message.value() for (_, offset), message in read_all(own, topic).items()}
        assert {offset: held.get(offset) for offset in acknowledged} == acknowledged


def _record(number: int) -> object:
    return {"records": [{"value": f"{number:0100000}"}]}


def _post_until_refused(proxy: Proxy, topic: str) -> dict[int, bytes]:
    """Return what was acknowledged, by offset."""
    acknowledged: dict[int, bytes] = {}
    for number in count(1):
        answer = proxy.post(topic, _record(number))
        [entry] = answer.json().get("offsets", [{"error_code": answer.json().get("error_code")}])
        if entry["error_code"] is not None:
            assert (answer.status_code, entry["error_code"]) in {(200, 50003), (503, 50302)}
            return acknowledged
        acknowledged[entry["offset"]] = f'"{number:0100000}"'.encode()
    raise AssertionError
