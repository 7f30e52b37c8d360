"""The routes of the API, and the page of a run. Versions 2.0, 2.1 and 2.2 of a path are one here."""

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response

from common.hosts import names, refusal
from common.settings import Settings
from workspace.folders import notebooks_folder
from workspace.jobs import page
from workspace.jobs.errors import ApiError, answer_api_error, answer_fault, answer_unknown, invalid
from workspace.jobs.notebooks import NotebookFolder
from workspace.jobs.runner import Runner
from workspace.jobs.runs import Run, describe, describe_output, now
from workspace.jobs.store import Store
from workspace.jobs.submission import Body, as_object, number, read_submission, texts

Answer = dict[str, Any]
_PAGE = 25  # jobs of a list's page, as the real API has by default
# A notebook that is imported, in base64; the real API takes as much.
_MAX_BODY_BYTES = 10 * 1024**2


class JobsApi:
    """The routes' functions. A request that cannot be done raises ApiError."""

    def __init__(self, settings: Settings, store: Store, runner: Runner) -> None:
        self._token = settings.jobs_api.token.get_secret_value()
        self._url = settings.jobs_api.page_url
        self._store, self._runner = store, runner
        self._notebooks = NotebookFolder(notebooks_folder(settings))

    def check_token(self, authorization: Annotated[str, Header()] = "") -> None:
        """Refuse a request without the token of the settings."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer":
            raise ApiError(401, "UNAUTHENTICATED", "A bearer token is missing: JOBS_API_TOKEN in .env")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise ApiError(403, "PERMISSION_DENIED", "Invalid access token: JOBS_API_TOKEN in .env")

    async def submit(self, request: Request) -> Answer:
        """POST jobs/runs/submit."""
        return {"run_id": self._add(await _body(request))}

    async def create(self, request: Request) -> Answer:
        """POST jobs/create."""
        settings = await _body(request)
        read_submission(settings)
        return {"job_id": self._store.add_job(dict(settings))}

    async def run_now(self, request: Request) -> Answer:
        """POST jobs/run-now: `notebook_params` and `job_parameters` win over the job's own."""
        body = await _body(request)
        job_id = number(body, "job_id")
        settings = self._store.job(job_id)
        if settings is None:
            raise invalid(f"Job {job_id} does not exist.")
        token = {"idempotency_token": body.get("idempotency_token")}
        given = texts(body, "notebook_params") | texts(body, "job_parameters")
        run_id = self._add(settings | token, job_id, given)
        return {"run_id": run_id, "number_in_job": run_id}

    def _add(self, body: Body, job_id: int = 0, parameters: dict[str, str] | None = None) -> int:
        submission = read_submission(body)
        submission.parameters.update(parameters or {})
        run, is_new = self._store.add_run(submission, now(), job_id)
        if is_new:
            self._runner.submit(run)
        return run.run_id

    async def cancel(self, request: Request) -> Answer:
        """POST jobs/runs/cancel."""
        self._runner.cancel(self._run(number(await _body(request), "run_id")))
        return {}

    def get(self, run_id: Annotated[str, Query()] = "") -> Answer:
        """GET jobs/runs/get."""
        run = self._run(_id(run_id))
        return describe(run, self._page_url(run))

    def get_output(self, run_id: Annotated[str, Query()] = "") -> Answer:
        """GET jobs/runs/get-output."""
        run = self._run(_id(run_id))
        return describe_output(run, self._page_url(run))

    def list_jobs(self, name: str = "", offset: int = 0, limit: int = _PAGE, page_token: str = "") -> Answer:
        """GET jobs/list, those of a name if one is given."""
        begin = int(page_token) if page_token.isdecimal() else offset
        found = [
            {"job_id": job_id, "settings": settings}
            for job_id, settings in sorted(self._store.jobs().items())
            if not name or str(settings.get("name", "")).lower() == name.lower()
        ]
        end = begin + max(limit, 1)
        more = {"next_page_token": str(end)} if end < len(found) else {}
        return {"jobs": found[begin:end], "has_more": bool(more), **more}

    def workspace_status(self, path: str = "") -> Answer:
        """GET workspace/get-status."""
        return self._notebooks.status(path)

    def workspace_list(self, path: str = "") -> Answer:
        """GET workspace/list."""
        return {"objects": self._notebooks.list(path)}

    def workspace_export(self, path: str = "", format: str = "AUTO") -> Answer:
        """GET workspace/export."""
        return {"content": self._notebooks.export(path, format)}

    async def workspace_import(self, request: Request) -> Answer:
        """POST workspace/import."""
        self._notebooks.put(await _body(request))
        return {}

    def run_page(self, run_id: int, key: str = "") -> HTMLResponse:
        """GET /runs/{run_id}: the page, for who has its address from the API."""
        if not hmac.compare_digest(key.encode(), page.page_key(self._token, run_id).encode()):
            raise ApiError(403, "PERMISSION_DENIED", "Open the page at its run's run_page_url")
        html = page.render(self._run(run_id), self._store.output(run_id))
        return HTMLResponse(
            html, headers={"Content-Security-Policy": page.POLICY, "Referrer-Policy": "no-referrer"}
        )

    def _page_url(self, run: Run) -> str:
        return f"{self._url}/runs/{run.run_id}?key={page.page_key(self._token, run.run_id)}"

    def _run(self, run_id: int) -> Run:
        run = self._store.run(run_id)
        if run is None:
            raise invalid(f"Run {run_id} does not exist.")
        return run


def create_app(settings: Settings, store: Store, runner: Runner) -> FastAPI:
    """Return the application; it starts the runner, and stops it at its own end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        runner.start()
        yield
        runner.stop()

    app = FastAPI(
        title="Jobs API",
        openapi_url=None,
        lifespan=lifespan,
        exception_handlers={
            ApiError: answer_api_error,
            RequestValidationError: _answer_wrong_parameter,
            404: answer_unknown,
            405: answer_unknown,
            Exception: answer_fault,
        },
    )
    app.middleware("http")(_known_callers(settings))
    api = JobsApi(settings, store, runner)
    app.get("/health")(lambda: {"service": "jobs"})
    app.get("/runs/{run_id}", response_class=HTMLResponse)(api.run_page)
    for minor in range(3):
        app.include_router(_routes(api), prefix=f"/api/2.{minor}")
    return app


def _routes(api: JobsApi) -> APIRouter:
    router = APIRouter(dependencies=[Depends(api.check_token)])
    router.post("/jobs/runs/submit")(api.submit)
    router.get("/jobs/runs/get")(api.get)
    router.get("/jobs/runs/get-output")(api.get_output)
    router.post("/jobs/runs/cancel")(api.cancel)
    router.post("/jobs/create")(api.create)
    router.post("/jobs/run-now")(api.run_now)
    router.get("/jobs/list")(api.list_jobs)
    router.get("/workspace/get-status")(api.workspace_status)
    router.get("/workspace/list")(api.workspace_list)
    router.get("/workspace/export")(api.workspace_export)
    router.post("/workspace/import")(api.workspace_import)
    return router


async def _body(request: Request) -> Body:
    """Return a request's body.

    Raises:
        ApiError: it is too large, or no JSON object.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > _MAX_BODY_BYTES:
            raise ApiError(413, "MAX_REQUEST_SIZE_EXCEEDED", f"a request has {_MAX_BODY_BYTES} bytes at most")
    try:
        return as_object(json.loads(content))
    except (ValueError, RecursionError):
        raise ApiError(400, "MALFORMED_REQUEST", "Invalid JSON given in the body of the request") from None


def _id(text: str) -> int:
    return number({"run_id": text or None}, "run_id")


async def _answer_wrong_parameter(request: Request, error: Exception) -> JSONResponse:
    return await answer_api_error(request, invalid(str(error)))


def _known_callers(
    settings: Settings,
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """Return the middleware that refuses unknown host names, and web pages of other sites."""
    more = ("jobs", *names(settings.allowed_hosts))

    async def check(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        if refused := refusal(request.headers.get("host", ""), request.headers.get("origin"), more):
            reason, message = refused
            return await answer_api_error(request, ApiError(reason.value, "PERMISSION_DENIED", message))
        return await call(request)

    return check
