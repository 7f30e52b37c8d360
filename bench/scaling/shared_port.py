"""`python -m bench.scaling.shared_port`: a REST proxy on a port that it shares with others of its kind.

The kernel gives each new connection to one of them, as a load balancer before several machines does.
"""

import gc
import socket

import uvicorn

from common.settings import load_settings
from services.rest_proxy.__main__ import options
from services.rest_proxy.app import create_app


def main() -> None:
    """Serve until a signal ends it."""
    settings = load_settings()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((settings.rest_proxy.host, settings.rest_proxy.port))
        app = create_app(settings)
        gc.freeze()  # as the service does
        uvicorn.Server(uvicorn.Config(app, **options(settings))).run(sockets=[listening])


if __name__ == "__main__":
    main()
