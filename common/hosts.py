"""Recognize by Host and Origin the requests that a web page may have made somebody's browser send here.

A page of a stranger reaches a server on this machine in two ways: it sends requests to its address, then Origin is
the page's own; or its own host name is made to mean this machine (DNS rebinding), then Host is that name. Programs
send no Origin, and call a server by a name that we know or by an IP address, which no name stands behind.

LocalStack runs this file too, in its own Python: the standard library is all it may import.
"""

import re
from collections.abc import Iterable
from enum import Enum
from ipaddress import ip_address
from urllib.parse import urlsplit

# Names that nobody else can make mean this machine: the loopback's, those that LocalStack's own zone has for it (the
# invoke host of an API and the host of a bucket are below them), and those of docker-compose.yml. A dot at the
# beginning stands for all names below.
KNOWN = ("localhost", ".localhost", "localhost.localstack.cloud", ".localhost.localstack.cloud")
CONTAINERS = ("localstack", "rest-proxy")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::\d*)?")


class Foreign(Enum):
    """The reason for which a request is refused, by its HTTP status."""

    HOST = 421
    ORIGIN = 403


def refusal(host: str, origin: str | None, more: Iterable[str] = ()) -> tuple[Foreign, str] | None:
    """Return why a request is refused, and in words, or None if it is not.

    Args:
        host: its Host header, empty if it has none.
        origin: its Origin header, or None if it has none.
        more: names that are known besides; one that begins with a dot stands for all names below it.
    """
    name = _name(host)
    if not _is_address(name) and not any(_fits(name, known) for known in (*KNOWN, *CONTAINERS, *more)):
        return (
            Foreign.HOST,
            f"Host {host!r} is unknown here; a name of your own goes into ALLOWED_HOSTS in .env",
        )
    if origin is not None and _host_of(origin) != host.lower():
        return (
            Foreign.ORIGIN,
            f"Origin {origin!r} is another site than {host!r}; web pages of others are refused",
        )
    return None


def names(text: str) -> tuple[str, ...]:
    """Return the names of a list with commas, as ALLOWED_HOSTS has it."""
    return tuple(name for each in text.split(",") if (name := each.strip().lower()))


def _name(host: str) -> str:
    """Return the host without its port and without the root's dot, empty if it is none."""
    found = _HOST.fullmatch(host.lower())
    return found[1].removesuffix(".") if found else ""


def _host_of(origin: str) -> str:
    """Return the host and port of an origin, empty where it has none (`null`)."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _fits(name: str, known: str) -> bool:
    return name.endswith(known) if known.startswith(".") else name == known
