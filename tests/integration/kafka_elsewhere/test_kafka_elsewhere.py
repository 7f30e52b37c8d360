"""Test logins to a Kafka elsewhere: TLS by an authority of its own, passwords over it, and AWS's credentials."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from aws_msk_iam_sasl_signer import MSKAuthTokenProvider
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common import health
from common.kafka_security import client_options, java_options, password_variable
from common.msk_iam import token_source
from common.settings import Settings
from common.wait import wait_until
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from services.provision.topics import ensure_topics
from services.s3_sink.consumer import consumer_config
from stack.kafka.tools import command, environment
from stack.local.isolated import make_settings
from tests.integration.kafka_elsewhere.broker import Broker, running_broker
from tests.msk_logins import date_of, end_of, from_message, from_token, signature
from tests.processes import launch_server

PASSWORD = "a-password.of~theirs"
KEY, SECRET, REGION = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "eu-west-2"
# Of a login that works: a broker on loopback answers in milliseconds, with all cores busy in seconds.
ANSWER_SECONDS = 30.0
# Of a token: the next one is due after four fifths of it, 3 s before its end.
LIFE_SECONDS = 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[Broker]:
    with running_broker(folder, dict.fromkeys(Principal, PASSWORD)) as running:
        yield running


def _settings(broker: Broker, listener: str, security: str, **values: object) -> Settings:
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.address(listener),
        "KAFKA_SECURITY": security,
        "KAFKA_CA_FILE": broker.authority,
        **{password_variable(principal): PASSWORD for principal in Principal},
        "AWS_ENDPOINT_URL": "",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
    }
    return make_settings(broker.folder, **(own | values))


def _brokers(settings: Settings) -> int:
    """Return how many brokers a client finds that logs in as the settings say."""
    client = AdminClient(client_options(settings, Principal.USER) | {"log_level": 0})
    return len(client.list_topics(timeout=ANSWER_SECONDS).brokers)


def _refusal(settings: Settings, **options: object) -> int:
    """Return the code of the first error that a client meets."""
    errors: list[KafkaError] = []
    own = {"log_level": 0, "error_cb": errors.append}
    client = Producer({**client_options(settings, Principal.USER), **own, **options})
    wait_until(lambda: client.poll(0.1) and errors, timeout=ANSWER_SECONDS, what="a refusal")
    return errors[0].code()


@pytest.mark.parametrize(("listener", "security"), [("LOGIN", "sasl_ssl"), ("TLS", "ssl"), ("MSK", "iam")])
def test_a_client_knows_the_broker_by_its_authority(broker: Broker, listener: str, security: str) -> None:
    assert _brokers(_settings(broker, listener, security)) == 1


@pytest.mark.parametrize(("listener", "security"), [("LOGIN", "sasl_ssl"), ("TLS", "ssl"), ("MSK", "iam")])
def test_a_broker_of_another_authority_is_refused(broker: Broker, listener: str, security: str) -> None:
    """This machine's own authorities do not know the test's."""
    assert _refusal(_settings(broker, listener, security, KAFKA_CA_FILE="")) == KafkaError._SSL


def test_a_wrong_password_is_refused(broker: Broker) -> None:
    settings = _settings(broker, "LOGIN", "sasl_ssl", KAFKA_USER_PASSWORD="another")
    assert _refusal(settings) == KafkaError._AUTHENTICATION


def test_the_pipelines_clients_log_in_to_msk(broker: Broker) -> None:
    """Provisioning makes the topics, the REST proxy writes, and the sink's consumer reads in its group."""
    settings = _settings(broker, "MSK", "iam")
    assert health.problem("kafka", settings) is None
    assert ensure_topics(settings) == []
    topic = settings.topic(TABLES[0])
    with ExitStack() as servers:
        launch_server(servers, settings, "rest-proxy")
        answer = httpx.post(
            f"{settings.rest_proxy.url}/topics/{topic}",
            content=b'{"records": [{"value": {"index": 1}}]}',
            headers={"Content-Type": "application/vnd.kafka.json.v2+json"},
            timeout=ANSWER_SECONDS,
        )
    assert (answer.status_code, answer.json()["offsets"][0]["offset"]) == (200, 0)
    errors: list[KafkaError] = []
    consumer = Consumer(consumer_config(settings, errors.append))
    consumer.subscribe([topic])
    [record] = consumer.consume(1, ANSWER_SECONDS)
    consumer.close()
    assert (record.value(), errors) == (b'{"index": 1}', [])


def test_the_token_that_reaches_the_broker_is_signed_for_msk(broker: Broker) -> None:
    assert _brokers(_settings(broker, "MSK", "iam")) == 1
    said = from_token(broker.logins("OAUTHBEARER")[-1])
    assert said["host"] == f"kafka.{REGION}.amazonaws.com"
    assert said["x-amz-signature"] == signature(said, SECRET)
    assert end_of(said) == date_of(said) + 900


@pytest.mark.parametrize("token", ["ended", "bm8gdXJs"])
def test_a_token_that_has_ended_or_is_none_is_refused(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    """So the other tests' tokens were looked at."""
    settings = _settings(broker, "MSK", "iam")
    if token == "ended":
        monkeypatch.setattr(MSKAuthTokenProvider, "DEFAULT_TOKEN_EXPIRY_SECONDS", 0)
        token, _ = client_options(settings, Principal.USER)["oauth_cb"]("")
    claimed = time.time() + 900
    assert _refusal(settings, oauth_cb=lambda _: (token, claimed)) == KafkaError._AUTHENTICATION


def test_a_token_is_renewed_before_it_ends(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody polls the client meanwhile, as the REST proxy's are not without requests."""
    monkeypatch.setattr(MSKAuthTokenProvider, "DEFAULT_TOKEN_EXPIRY_SECONDS", LIFE_SECONDS)
    settings = _settings(broker, "MSK", "iam")
    sign = token_source(settings)
    signed: list[tuple[str, float]] = []

    def noted(config: str) -> tuple[str, float]:
        signed.append(sign(config))
        return signed[-1]

    own: dict[str, object] = {"oauth_cb": noted, "connections.max.idle.ms": 1000, "log_level": 0}
    client = AdminClient(client_options(settings, Principal.USER) | own)

    def shown_at_a_new_login() -> bool:
        client.list_topics(timeout=ANSWER_SECONDS)
        return signed[1][0] in broker.logins("OAUTHBEARER")

    client.list_topics(timeout=ANSWER_SECONDS)
    wait_until(lambda: len(signed) > 1, timeout=2 * LIFE_SECONDS, what="the next token")
    # The client has it a moment later. Between two questions its connection is closed as idle.
    wait_until(shown_at_a_new_login, timeout=LIFE_SECONDS, what="its login", interval=3.0)
    first, second = (from_token(token) for token, _ in signed[:2])
    assert date_of(second) < end_of(first)


def test_kafkas_tools_log_in_to_msk(broker: Broker, folder: Path) -> None:
    settings = _settings(broker, "MSK", "iam")
    client = AdminClient(client_options(settings, Principal.USER))
    client.create_topics([NewTopic("asked-for", 1, 1)])["asked-for"].result(ANSWER_SECONDS)
    properties = folder / "client.properties"
    options = java_options(settings, Principal.USER)
    properties.write_text("".join(f"{name}={value}\n" for name, value in options.items()))
    words = command(settings, "topics", "--list", "--command-config", str(properties))
    listed = subprocess.run(words, env=environment(settings), capture_output=True, text=True, check=False)
    assert "asked-for" in listed.stdout.split(), listed.stdout + listed.stderr
    said = from_message(broker.logins("AWS_MSK_IAM")[-1])
    assert said["host"] == "localhost"
    assert said["x-amz-credential"].startswith(f"{KEY}/")
    assert said["x-amz-credential"].endswith(f"/{REGION}/kafka-cluster/aws4_request")
    assert said["x-amz-signature"] == signature(said, SECRET)
