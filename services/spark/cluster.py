"""Health checks of Spark's standalone cluster: `python -m services.spark.cluster master|worker`, inside its container.

Asks the JSON pages of the web UIs (Spark's "Monitoring and Instrumentation"); needs no settings and no JVM.
"""

import json
import sys
from typing import Any
from urllib.request import urlopen

_MASTER = "http://spark-master:8080/json/"
_WORKER = "http://localhost:8081/json/"
# Both answer in milliseconds; a machine that is starting everything takes longer.
_PATIENCE = 5


def page(url: str) -> dict[str, Any]:
    """What a JSON page of the cluster says.

    Raises:
        OSError: nothing answers.
    """
    with urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - our own addresses
        said: dict[str, Any] = json.load(answer)
        return said


def problem(part: str) -> str | None:
    """Why the part is not well, or None if it is: the master leads, the worker is one that the master counts on.

    Raises:
        OSError: it does not answer.
    """
    master = page(_MASTER)
    if master["status"] != "ALIVE":
        return f"the master is {master['status']}"
    if part == "master":
        return None
    own = page(_WORKER)["id"]
    states = {worker["id"]: worker["state"] for worker in master["workers"]}
    return None if states.get(own) == "ALIVE" else f"to the master the worker is {states.get(own, 'unknown')}"


def main() -> None:
    """End with status 1 and the reason where it is not well."""
    try:
        found = problem(sys.argv[1])
    except OSError as error:
        found = str(error)
    if found:
        sys.exit(found)


if __name__ == "__main__":
    main()
