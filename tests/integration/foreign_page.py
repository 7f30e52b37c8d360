"""A web page of another site, which has the browser send what it likes, and a server that takes all of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

# Sends the requests one after another, whatever becomes of them; its title then says that it is done.
_PAGE = """<!doctype html><title>at work</title><script>
(async () => {
  for (const [url, options] of REQUESTS) {
    if (options.form) {
      options.body = new FormData();
      for (const [name, text] of Object.entries(options.form)) options.body.append(name, text);
    }
    await fetch(url, options).catch(() => null);
  }
  document.title = 'done';
})();
</script>"""


class Request(NamedTuple):
    """A request that the page has the browser send: a path, and the options of JavaScript's `fetch`."""

    path: str
    options: dict[str, Any]


class OtherSite(ThreadingHTTPServer):
    """Serves the page, and takes any request of it."""

    page = ""

    def __init__(self) -> None:
        self.taken: set[tuple[str, str]] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def send_to(self, urls: Sequence[str], requests: Sequence[Request]) -> None:
        """Make the page send these requests to each of these servers."""
        wanted = json.dumps([(url + path, options) for url in urls for path, options in requests])
        self.page = _PAGE.replace("REQUESTS", wanted.replace("<", "\\u003c"))


class _Handler(BaseHTTPRequestHandler):
    server: OtherSite

    def _answer(self) -> None:
        self.server.taken.add((self.command, self.path))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = self.server.page.encode() if self.path == "/page" else b""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        for name in ("Origin", "Methods", "Headers"):
            self.send_header(f"Access-Control-Allow-{name}", "*")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def other_site() -> Iterator[OtherSite]:
    """The site, on a port of its own."""
    with OtherSite() as site:
        thread = Thread(target=site.serve_forever)
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
