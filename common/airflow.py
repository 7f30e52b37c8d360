"""Airflow's REST API, as scripts and health checks use it: its command line takes 11 to 25 s a call.

Reference: the API server's own /docs, and POST /auth/token of the FAB auth manager.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from common.settings import ROOT, Settings
from common.settings.servers import AIRFLOW_READER

DAGS = ROOT / "airflow" / "dags"
"""The folder of the pipeline's own DAG, whose file has its id."""

# A call takes milliseconds; on a busy machine that is starting everything, seconds: enough for a health check.
_TIMEOUT_SECONDS = 10.0
# Of a command that follows a run: on two cores the run's own start has kept a call waiting for 10 s. Six times that.
COMMAND_TIMEOUT_SECONDS = 60.0
# Entries of a page: no more come whatever is asked for (`maximum_page_limit` of Airflow's configuration).
PAGE = 100


class AirflowError(RuntimeError):
    """Airflow does not answer, or refuses; the message says which and why.

    status: the answer's HTTP status, if there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def home(settings: Settings) -> Path:
    """Return where Airflow keeps its logs, in a folder `logs`."""
    return settings.state_dir / "airflow"


def ui_url(settings: Settings) -> str:
    """Return where a browser on this machine finds the UI; AIRFLOW_URL is where programs do, in containers another."""
    return f"http://localhost:{settings.airflow.port}"


@dataclass(frozen=True)
class Account:
    """A user of Airflow's."""

    user: str
    password: SecretStr


def administrator(settings: Settings) -> Account:
    """Return the account of people and of commands, which may do everything."""
    return Account(settings.airflow.user, settings.airflow.password)


def reader(settings: Settings) -> Account:
    """Return the account of the dashboard, which may read runs and their tasks, and nothing else."""
    return Account(AIRFLOW_READER, settings.airflow.dashboard_password)


class AirflowApi:
    """The API as one of its users."""

    def __init__(
        self,
        settings: Settings,
        patience: float = _TIMEOUT_SECONDS,
        account: Callable[[Settings], Account] = administrator,
    ) -> None:
        """`patience`: seconds until a call that is not answered fails."""
        self._url, who = settings.airflow.url, account(settings)
        self._user = {"username": who.user, "password": who.password.get_secret_value()}
        self._http = httpx.Client(timeout=patience)

    def log_in(self) -> None:
        """Get a token, which later calls use.

        Raises:
            AirflowError: nothing answers, or it is not our Airflow, as it does not know our password.
        """
        answer = self._send("POST", "/auth/token", self._user)
        if "access_token" not in answer:
            raise AirflowError(f"{self._url} is not an Airflow")
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """GET a path below /api/v2."""
        return self._call("GET", path, None, query)

    def get_all(self, path: str, key: str, **query: str | int) -> list[dict[str, Any]]:
        """GET all entries of a list below /api/v2, page by page; `key` names the list in each answer."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=PAGE, offset=len(found), **query)
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to a path below /api/v2."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """PATCH a path below /api/v2."""
        return self._call("PATCH", path, body)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, str | int] | None = None
    ) -> dict[str, Any]:
        if "Authorization" not in self._http.headers:
            self.log_in()
        return self._send(method, f"/api/v2/{path}", body, query)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, str | int] | None = None
    ) -> dict[str, Any]:
        try:
            response = self._http.request(method, f"{self._url}{path}", json=body, params=query or None)
            answer = response.json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise AirflowError(f"{self._url}: {error}") from None
        if response.is_error or not isinstance(answer, dict):
            message = f"{method} {self._url}{path}: {response.status_code} {reason(answer)}"
            raise AirflowError(message, response.status_code)
        return answer


def reason(answer: object) -> str:
    """Return why the API refused: the `detail` of its answer, or all of it."""
    return str(answer.get("detail", answer) if isinstance(answer, dict) else answer)[:500]


def path_part(name: str) -> str:
    """A name as a part of a path: run ids hold colons and plus signs."""
    return quote(name, safe="")
