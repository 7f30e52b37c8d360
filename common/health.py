"""Check a service's health by asking it over its own protocol who it is.

A port that answers proves nothing: it may be another program's. So each check proves identity too, by our generated
password, by the cluster id, or by the service's own name. (In containers: `stack.containers.health`.)
"""

import json
from collections.abc import Callable, Mapping
from contextlib import closing

import httpx
import mysql.connector
import psycopg2
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from common.airflow import AirflowApi, AirflowError
from common.clients import postgres_connection
from common.kafka_refusal import Refusal
from common.kafka_security import client_options
from common.settings import LOOPBACK, Settings
from common.state_file import problem_in
from contracts.kafka_access import Principal

# A healthy server on loopback answers in milliseconds; 5 s leaves room for a machine that is starting everything.
_TIMEOUT_SECONDS = 5.0
# Airflow's parts note a heartbeat every 5 s; six missed ones is what Airflow itself calls unhealthy.
_AIRFLOW_SILENCE = 30.0
_HEARTBEAT = (
    "SELECT extract(epoch FROM now() - latest_heartbeat)::float FROM job"
    " WHERE job_type = %s AND state = 'running' ORDER BY latest_heartbeat DESC LIMIT 1"
)


class Unhealthy(Exception):  # noqa: N818 - an answer rather than an error
    """The service is not (yet) healthy; the message says why."""


def kafka(settings: Settings) -> None:
    """A broker answers, and it has our cluster id; of a cluster elsewhere any will do."""
    cluster = kafka_cluster_id(settings)
    if not settings.kafka.is_elsewhere and cluster != settings.kafka.cluster_id:
        raise Unhealthy(f"{settings.kafka.bootstrap_servers} is another Kafka (cluster id {cluster})")


def kafka_cluster_id(settings: Settings) -> str | None:
    """The id of the cluster that answers.

    Raises:
        Unhealthy: none does.
    """
    refusal = Refusal(settings, Principal.OPERATIONS)
    options = client_options(settings, Principal.OPERATIONS)
    client = AdminClient(options | {"error_cb": refusal, "log_level": 0})
    try:
        cluster: str | None = client.list_topics(timeout=_TIMEOUT_SECONDS).cluster_id
    except KafkaException as error:
        reason = refusal.reason_after(client) or error.args[0].str()
        where = f"{settings.kafka.bootstrap_servers} (KAFKA_SECURITY={settings.kafka.security})"
        raise Unhealthy(f"no broker at {where}: {reason}") from None
    return cluster


def localstack(settings: Settings) -> None:
    """LocalStack answers, and each of our services has been loaded; whether AWS_ENDPOINT_URL is it or not."""
    url = f"http://{LOOPBACK}:{settings.localstack.port}"
    states = _get_json(f"{url}/_localstack/health").get("services")
    if not isinstance(states, dict):
        raise Unhealthy(f"{url} is not a LocalStack")
    loading = [
        name for name in ("s3", "kinesis", "apigateway") if states.get(name) not in ("running", "available")
    ]
    if loading:
        raise Unhealthy(f"still loading {', '.join(loading)}")


def mysql_server(settings: Settings) -> None:
    """The server takes our root password."""
    try:
        mysql.connector.connect(
            host=settings.mysql.host,
            port=settings.mysql.port,
            user="root",
            password=settings.mysql.root_password.get_secret_value(),
            connection_timeout=int(_TIMEOUT_SECONDS),
        ).close()
    except mysql.connector.Error as error:
        raise Unhealthy(str(error)) from None


def postgres(settings: Settings) -> None:
    """The server takes our superuser's password."""
    try:
        postgres_connection(settings, database="postgres").close()
    except psycopg2.OperationalError as error:
        raise Unhealthy(str(error).strip()) from None


def rest_proxy(settings: Settings) -> None:
    """The proxy answers, by its name, and reaches our Kafka, or the cluster elsewhere."""
    answer = _get_json(f"{settings.rest_proxy.url}/health")
    cluster = answer.get("kafka_cluster_id")
    expected = cluster if settings.kafka.is_elsewhere else settings.kafka.cluster_id
    if answer.get("service") != "rest-proxy" or not cluster or cluster != expected:
        raise Unhealthy(f"{settings.rest_proxy.url} is another server")


def _by_its_state(service: str) -> Callable[[Settings], None]:
    """The check of a service with a state file: it has written it within the last seconds, and names no problem."""

    def check(settings: Settings) -> None:
        if reason := problem_in(settings.state_dir, service):
            raise Unhealthy(reason)

    return check


def airflow_apiserver(settings: Settings) -> None:
    """The server answers, and it takes our user's password."""
    try:
        AirflowApi(settings).log_in()
    except AirflowError as error:
        raise Unhealthy(str(error)) from None


def _airflow_job(kind: str) -> Callable[[Settings], None]:
    """The check of one of Airflow's other parts: it has noted its heartbeat in our Airflow's database."""

    def check(settings: Settings) -> None:
        age = _heartbeat_age(settings, kind)
        if age is None:
            raise Unhealthy("it has not started yet")
        if age > _AIRFLOW_SILENCE:
            raise Unhealthy(f"its last heartbeat was {age:.0f} s ago")

    return check


def _heartbeat_age(settings: Settings, kind: str) -> float | None:
    try:
        with (
            closing(postgres_connection(settings, "airflow", "airflow")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(_HEARTBEAT, [kind])
            row = cursor.fetchone()
    except (psycopg2.OperationalError, psycopg2.errors.UndefinedTable) as error:
        raise Unhealthy(str(error).strip()) from None
    age: float | None = row[0] if row else None
    return age


def jobs_api(settings: Settings) -> None:
    """The Jobs API answers, and takes our token."""
    token = settings.jobs_api.token.get_secret_value()
    url = f"{settings.jobs_api.url}/api/2.2/jobs/list"
    if "has_more" not in _get_json(url, {"Authorization": f"Bearer {token}"}):
        raise Unhealthy(f"{url} is another server")


def jupyter(settings: Settings) -> None:
    """JupyterLab's server answers, and it takes our token."""
    token = settings.notebook.token.get_secret_value()
    url = f"{settings.notebook.page_url}/api/status"
    _get_json(url, {"Authorization": f"token {token}"})


def dashboard(settings: Settings) -> None:
    """Streamlit's server answers; it has no name of its own to say."""
    url = f"http://{LOOPBACK}:{settings.dashboard.port}/_stcore/health"
    try:
        answer = httpx.get(url, timeout=_TIMEOUT_SECONDS).text
    except httpx.HTTPError as error:
        raise Unhealthy(f"{url}: {error}") from None
    if answer != "ok":
        raise Unhealthy(f"{url} is another server")


def _get_json(url: str, headers: Mapping[str, str] | None = None) -> dict[str, object]:
    try:
        response = httpx.get(url, headers=headers, timeout=_TIMEOUT_SECONDS)
        answer = response.json()
    except (httpx.HTTPError, json.JSONDecodeError) as error:
        raise Unhealthy(f"{url}: {error}") from None
    if response.status_code != httpx.codes.OK or not isinstance(answer, dict):
        raise Unhealthy(f"{url} answered {response.status_code}")
    return answer


CHECKS: dict[str, Callable[[Settings], None]] = {
    "kafka": kafka,
    "localstack": localstack,
    "mysql": mysql_server,
    "postgres": postgres,
    "provision": _by_its_state("provision"),
    "rest-proxy": rest_proxy,
    "s3-sink": _by_its_state("s3-sink"),
    "streaming-writer": _by_its_state("streaming-writer"),
    "airflow-apiserver": airflow_apiserver,
    "airflow-scheduler": _airflow_job("SchedulerJob"),
    "airflow-dag-processor": _airflow_job("DagProcessorJob"),
    "dashboard": dashboard,
    "notebook": jupyter,
    "jobs": jobs_api,
}


def problem(service: str, settings: Settings) -> str | None:
    """Return why the service is not healthy, or None if it is."""
    try:
        CHECKS[service](settings)
    except Unhealthy as reason:
        return str(reason)
    return None
