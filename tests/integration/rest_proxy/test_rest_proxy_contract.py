"""The REST proxy over real HTTP: its topics, its health, whom it answers, and how it names an error."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from confluent_kafka.admin import AdminClient

from common.settings import Settings
from common.wait import wait_until
from services.rest_proxy.records import JSON_TYPE
from stack.local.isolated import ServiceProcess
from tests.integration.rest_proxy.proxy import (
    PARTITIONS,
    Proxy,
    new_topic,
    places,
    running_proxy,
)
from tests.kafka_clients import as_user


def test_an_unknown_topic_is_404_and_is_not_created(proxy: Proxy) -> None:
    for answer in (
        proxy.post("no-such-topic", b'{"records":[{"value":1}]}'),
        proxy.client.get("/topics/no-such-topic"),
    ):
        assert (answer.status_code, answer.json()["error_code"]) == (404, 40401)
    assert "no-such-topic" not in proxy.client.get("/topics").json()


def test_a_topic_can_be_used_as_soon_as_it_exists(proxy: Proxy) -> None:
    def use(_: int) -> int:
        return proxy.post(new_topic(proxy.settings), b'{"records":[{"value":1}]}').status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(use, range(8))) == [200] * 8


def test_a_deleted_topic_is_404(proxy: Proxy, topic: str) -> None:
    places(proxy.post(topic, b'{"records":[{"value":1}]}'))
    admin = AdminClient(as_user(proxy.settings))
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in proxy.client.get("/topics").json(), timeout=60, what="the deletion")
    assert proxy.client.get(f"/topics/{topic}").json()["error_code"] == 40401
    assert proxy.post(topic, b'{"records":[{"value":1}]}').json()["error_code"] == 40401


def test_topics_are_listed_and_described(proxy: Proxy, topic: str) -> None:
    assert topic in proxy.client.get("/topics").json()
    found = proxy.client.get(f"/topics/{topic}").json()
    assert found.keys() == {"name", "configs", "partitions"}
    assert found["name"] == topic
    assert found["configs"]["cleanup.policy"] == "delete"
    assert [p["partition"] for p in found["partitions"]] == list(range(PARTITIONS))
    broker = found["partitions"][0]["leader"]
    assert found["partitions"][0]["replicas"] == [{"broker": broker, "leader": True, "in_sync": True}]


def test_health_says_who_it_is_and_which_cluster_it_writes_to(proxy: Proxy) -> None:
    answer = proxy.client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "service": "rest-proxy",
        "status": "healthy",
        "kafka_cluster_id": proxy.settings.kafka.cluster_id,
        "records_in_flight": 0,
        "reason": None,
    }
    assert proxy.client.get("/").json()["service"] == "rest-proxy"


def test_other_paths_and_methods_have_the_same_form_of_error(proxy: Proxy) -> None:
    nothing = proxy.client.get("/nothing")
    assert (nothing.status_code, nothing.json()["error_code"]) == (404, 404)
    method = proxy.client.delete("/topics/x")
    assert (method.status_code, method.json()["error_code"]) == (405, 405)
    assert method.headers["allow"] == "GET, POST"


def test_only_known_names_are_answered(proxy: Proxy, one_topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    for method, path in (
        ("POST", f"/topics/{one_topic}"),
        ("POST", "/pin/"),
        ("GET", "/health"),
        ("GET", "/docs"),
    ):
        refused = proxy.client.request(
            method, path, content=body, headers={"Host": "evil.example", "Content-Type": JSON_TYPE}
        )
        assert (refused.status_code, refused.json()["error_code"]) == (421, 421)
        assert "ALLOWED_HOSTS" in refused.json()["message"]
    for name in ("localhost", "rest-proxy:8082", "127.0.0.1:80", "[::1]:8082"):
        assert proxy.client.get("/", headers={"Host": name}).status_code == 200


def test_names_of_the_settings_are_known_too(kafka: Settings, tmp_path: Path) -> None:
    names = {
        "ALLOWED_HOSTS": "a.example.org, .b.example.org",
        "API_REST_PROXY_URL": "http://c.example.org:80",
    }
    with running_proxy(kafka, tmp_path, **names) as proxy:
        for name in ("a.example.org", "x.b.example.org:8082", "c.example.org"):
            assert proxy.client.get("/", headers={"Host": name}).status_code == 200
        assert proxy.client.get("/", headers={"Host": "d.example.org"}).status_code == 421


def test_another_sites_web_page_is_refused(proxy: Proxy, one_topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    for origin in ("http://evil.example", "http://localhost:9", "null"):
        for method in ("POST", "OPTIONS"):
            answer = proxy.client.request(
                method,
                f"/topics/{one_topic}",
                content=body,
                headers={"Origin": origin, "Content-Type": JSON_TYPE},
            )
            assert (answer.status_code, answer.json()["error_code"]) == (403, 403)
            assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
            assert not any(name.startswith("access-control") for name in answer.headers)
    own = {"Origin": proxy.settings.rest_proxy.url}
    assert proxy.client.get("/topics", headers=own).status_code == 200


def test_bounds_that_contradict_each_other_end_it_with_a_reason(kafka: Settings, tmp_path: Path) -> None:
    bounds = {"REST_PROXY_QUEUE_BYTES": "100", "REST_PROXY_MAX_BODY_BYTES": "101"}
    with ServiceProcess(kafka, "services.rest_proxy", log=tmp_path / "log", env=bounds) as process:
        wait_until(lambda: not process.running, timeout=60, what="it to end")
        assert process.stop() == 2
        assert "REST_PROXY_QUEUE_BYTES: should be at least REST_PROXY_MAX_BODY_BYTES" in process.output()
