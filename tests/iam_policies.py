"""Evaluate policies of IAM as far as ours go: statements that allow actions by name, on ARNs with stars."""

import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple


class Right(NamedTuple):
    """An action that a policy allows, and on which ARNs."""

    action: str
    resource: str


def rights(policy: str) -> set[Right]:
    """Return what a policy allows.

    Raises:
        ValueError: it has something else than statements that allow, which this does not know.
    """
    found = set()
    for statement in json.loads(policy)["Statement"]:
        if statement.keys() != {"Effect", "Action", "Resource"} or statement["Effect"] != "Allow":
            raise ValueError(f"not a statement that only allows: {statement}")
        found |= {Right(action, arn) for action in statement["Action"] for arn in statement["Resource"]}
    return found


def covers(right: Right, action: str, resource: str) -> bool:
    """Return whether a right is one to this call. Actions are compared without case, as IAM does."""
    return right.action.lower() == action.lower() and _matches(right.resource, resource)


def _matches(pattern: str, arn: str) -> bool:
    """Compare with the signs that IAM has; a bracket is none."""
    return fnmatchcase(arn, pattern.replace("[", "[[]"))


def refused(policy: str, calls: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the calls that the policy does not allow."""
    allowed = rights(policy)
    return sorted(call for call in calls if not any(covers(right, *call) for right in allowed))


def unused(policy: str, calls: Iterable[tuple[str, str]]) -> list[Right]:
    """Return the rights that none of the calls needs."""
    made = [*calls]
    return sorted(right for right in rights(policy) if not any(covers(right, *call) for call in made))
