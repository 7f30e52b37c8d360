"""Plan a drill: which fault hits what, and for how long. Pure: a seed gives one plan."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill", "pause", "cut"]

BATCH_JOB = "batch job"
SERVERS = ("kafka", "mysql", "postgres")
OURS = ("provision", "rest-proxy", "s3-sink", "streaming-writer", BATCH_JOB)
# Not killed: its S3, its streams and its REST API are in memory, and end with it (docs/architecture.md).
PAUSED_ONLY = ("localstack",)
# Those that all others are cut off from,
SHARED = ("kafka", "localstack", "postgres")
# and those that one service alone is, while the others go on.
ALONE = (
    ("localstack", "s3-sink"),
    ("localstack", "streaming-writer"),
    ("localstack", BATCH_JOB),
    ("postgres", "streaming-writer"),
    ("postgres", BATCH_JOB),
)

PAUSE_SECONDS = (5.0, 30.0)
CUT_SECONDS = (10.0, 60.0)
GAP_SECONDS = (1.0, 8.0)
# One fault in four is followed by the next before anything has recovered from it.
_PROMPT = 0.25

KINDS: tuple[tuple[Kind, str, str], ...] = (
    *(("kill", target, "") for target in (*SERVERS, *OURS)),
    *(("pause", target, "") for target in (*SERVERS, *PAUSED_ONLY, *OURS)),
    *(("cut", target, "") for target in SHARED),
    *(("cut", target, client) for target, client in ALONE),
)


@dataclass(frozen=True)
class Fault:
    """A fault: one thing that is done to a service.

    Attributes:
        kind: `kill` is SIGKILL, `pause` SIGSTOP and SIGCONT; with `cut` no client reaches the server, or one does not.
        target: the service, or the batch job.
        gap: seconds of load before it.
        seconds: how long it lasts; 0 for a kill.
        awaited: whether the stack recovers before the next fault; otherwise the next one hits a stack that is not well.
        client: the one that is cut off from the target; empty where all are.
    """

    kind: Kind
    target: str
    gap: float
    seconds: float
    awaited: bool
    client: str = ""

    @property
    def what(self) -> str:
        """Return for example `pause kafka`, or `cut s3-sink off from localstack`."""
        return f"cut {self.client} off from {self.target}" if self.client else f"{self.kind} {self.target}"

    def __str__(self) -> str:
        """Return for example `pause kafka for 12 s`."""
        return self.what + (f" for {self.seconds:.0f} s" if self.seconds else "")


def faults(count: int, seed: int) -> list[Fault]:
    """Return the faults of a drill: each of KINDS comes once, in an order by chance, before any comes again."""
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    found: list[Fault] = []
    while len(found) < count:
        for kind, target, client in chance.sample(KINDS, len(KINDS)):
            found.append(_fault(chance, kind, target, client))
    return found[:count]


def _fault(chance: Random, kind: Kind, target: str, client: str) -> Fault:
    bounds = {"kill": (0.0, 0.0), "pause": PAUSE_SECONDS, "cut": CUT_SECONDS}[kind]
    gap, seconds = round(chance.uniform(*GAP_SECONDS), 1), round(chance.uniform(*bounds), 1)
    return Fault(kind, target, gap, seconds, chance.random() >= _PROMPT, client)
