"""Refuse requests under an unknown host name, or of another site's web page, before they reach a route."""

from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from common.hosts import Foreign, names, refusal
from common.settings import Settings
from services.rest_proxy.errors import ErrorCode, answer

_CODES = {Foreign.HOST: ErrorCode.UNKNOWN_HOST, Foreign.ORIGIN: ErrorCode.FOREIGN_ORIGIN}
# Clients call by a handful of names; a hostile one calls by any number.
_REMEMBERED = 256


class KnownCallers:
    """The middleware.

    Known are, besides those of `common.hosts`, the names in ALLOWED_HOSTS, and those by which other settings
    say that the proxy is called.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        urls = (settings.rest_proxy.url, settings.api.rest_proxy_url)
        more = (*names(settings.allowed_hosts), *(urlsplit(url).hostname or "" for url in urls))

        @lru_cache(_REMEMBERED)
        def refused(host: bytes, origin: bytes | None) -> tuple[Foreign, str] | None:
            return refusal(host.decode("latin-1"), None if origin is None else origin.decode("latin-1"), more)

        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refused request, or leave it to the application."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if refused := self._refused(headers.get(b"host", b""), headers.get(b"origin")):
                reason, message = refused
                await answer(_CODES[reason], message)(scope, receive, send)
                return
        await self._app(scope, receive, send)
