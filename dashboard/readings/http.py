"""Ask LocalStack, the REST proxy and Airflow over HTTP whether they work."""

from typing import Any

import httpx

from common.settings import Settings

# On loopback they answer in milliseconds, on a busy machine in a second.
_TIMEOUT_SECONDS = 3.0
_PARTS = ("s3", "kinesis", "apigateway")


class NotWellError(Exception):
    """A server answers, but not that it is well; the message says what it does."""


def read_aws(settings: Settings) -> bool:
    """Return true if LocalStack has all of its parts; false of AWS itself (an empty AWS_ENDPOINT_URL), unasked.

    Raises:
        NotWellError, httpx.HTTPError: it is not well, or does not answer.
    """
    if not settings.aws.endpoint_url:
        return False
    states = _page(f"{settings.aws.endpoint_url}/_localstack/health").get("services", {})
    if loading := [name for name in _PARTS if states.get(name) not in {"running", "available"}]:
        raise NotWellError(f"LocalStack is still loading {', '.join(loading)}")
    return True


def read_proxy(settings: Settings) -> int:
    """Return how many records the REST proxy has in flight.

    Raises:
        NotWellError, httpx.HTTPError: it is not well, or does not answer.
    """
    found: int = _page(f"{settings.rest_proxy.url}/health")["records_in_flight"]
    return found


def read_airflow(settings: Settings) -> None:
    """Return if Airflow's scheduler and DAG processor are at work.

    Raises:
        NotWellError, httpx.HTTPError: one is not, or nothing answers.
    """
    parts = _page(f"{settings.airflow.url}/api/v2/monitor/health")
    states = {name: parts[name]["status"] for name in ("metadatabase", "scheduler", "dag_processor")}
    if ill := [f"its {name} is {state}" for name, state in states.items() if state != "healthy"]:
        raise NotWellError(f"Airflow says that {', '.join(ill)}")


def _page(url: str) -> dict[str, Any]:
    answer = httpx.get(url, timeout=_TIMEOUT_SECONDS)
    if answer.status_code != httpx.codes.OK:
        raise NotWellError(f"{url} answered {answer.status_code}")
    found = answer.json()
    if not isinstance(found, dict):
        raise NotWellError(f"{url} is another server")
    return found
