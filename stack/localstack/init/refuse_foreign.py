"""Run by LocalStack in its own process before it serves: what a stranger's web page sends is refused first of all.

LocalStack does not look at Host, and takes some origins of its makers. That a file in this folder is run is documented:
https://docs.localstack.cloud/references/init-hooks
"""
# ruff: noqa: PLC0415 - whatever fails, an import too, must end LocalStack
# mypy: disable-error-code="import-not-found"

import os
import sys
from typing import Any


def install() -> None:
    """Put the check before all handlers of the gateway."""
    from localstack import config
    from localstack.runtime import get_current_runtime

    sys.path.append(config.dirs.init)
    import hosts

    more = (config.LOCALSTACK_HOST.host, *hosts.names(os.environ.get("ALLOWED_HOSTS", "")))

    def refuse_foreign(chain: Any, context: Any, response: Any) -> None:  # noqa: ANN401 - LocalStack's
        headers = context.request.headers
        if refused := hosts.refusal(headers.get("Host", ""), headers.get("Origin"), more):
            reason, message = refused
            response.status_code = reason.value
            response.set_json({"message": message})
            chain.terminate()

    get_current_runtime().components.gateway.request_handlers.insert(0, refuse_foreign)


try:
    install()
except Exception as error:
    # LocalStack would log it and go on, without the check.
    raise SystemExit(
        f"LocalStack cannot refuse what web pages send, so it does not start: {error!r}"
    ) from error
