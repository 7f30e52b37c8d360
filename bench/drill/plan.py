"""Plan a drill: which fault hits what, and for how long. Pure: a seed gives one plan."""

from collections.abc import Collection
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill", "pause", "cut", "step"]

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

# By how many seconds a step moves the clock.
STEPS = {"clock ahead": 3600, "clock back": -3600}

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
    *(("step", target, "") for target in STEPS),
)


@dataclass(frozen=True)
class Fault:
    """A fault: one thing that is done to a service.

    Attributes:
        kind: `kill` is SIGKILL, `pause` SIGSTOP and SIGCONT; with `cut` no client reaches the server, or one does not;
            `step` sets the clock of all processes.
        target: the service, or the batch job; for a step, one of STEPS.
        gap: seconds of load before it.
        seconds: how long it lasts; 0 for a kill, and for a step, which stays.
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


def faults(count: int, seed: int, kinds: Collection[Kind]) -> list[Fault]:
    """Return the faults of a drill: each of these kinds of KINDS comes once, by chance, before any comes again."""
    wanted = [each for each in KINDS if each[0] in kinds]
    chance = Random(seed)  # noqa: S311 - reproducible, not secret
    found: list[Fault] = []
    while len(found) < count:
        for kind, target, client in chance.sample(wanted, len(wanted)):
            found.append(_fault(chance, kind, target, client))
    return found[:count]


def _fault(chance: Random, kind: Kind, target: str, client: str) -> Fault:
    bounds = {"pause": PAUSE_SECONDS, "cut": CUT_SECONDS}.get(kind, (0.0, 0.0))
    gap, seconds = round(chance.uniform(*GAP_SECONDS), 1), round(chance.uniform(*bounds), 1)
    return Fault(kind, target, gap, seconds, chance.random() >= _PROMPT, client)
