"""The evaluation of policies, by which an integration test compares rights with calls."""

import json
from typing import Any

import pytest

from tests.iam_policies import Right, refused, rights, unused

BUCKET = "arn:aws:s3:::user-0a1b-bucket"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


READER = policy(
    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [BUCKET]},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": [f"{BUCKET}/topics/*"]},
)


@pytest.mark.parametrize(
    "call",
    [
        ("s3:ListBucket", BUCKET),
        ("s3:listbucket", BUCKET),
        ("s3:GetObject", f"{BUCKET}/topics/a/b.json"),
        ("s3:GetObject", f"{BUCKET}/topics/"),
    ],
)
def test_a_call_that_a_statement_names_is_allowed(call: tuple[str, str]) -> None:
    assert refused(READER, [call]) == []


@pytest.mark.parametrize(
    "call",
    [
        ("s3:DeleteObject", f"{BUCKET}/topics/a"),
        ("s3:GetObject", f"{BUCKET}/checkpoints/a"),
        ("s3:GetObject", BUCKET),
        ("s3:ListBucket", f"{BUCKET}-2"),
        ("s3:ListBucket", f"{BUCKET}/topics/a"),
    ],
)
def test_any_other_call_is_refused(call: tuple[str, str]) -> None:
    assert refused(READER, [call]) == [call]


def test_a_right_that_no_call_needs_is_named() -> None:
    calls = [("s3:ListBucket", BUCKET), ("s3:GetObject", f"{BUCKET}/topics/a")]
    assert unused(READER, calls) == [Right("s3:PutObject", f"{BUCKET}/topics/*")]


def test_a_bracket_stands_for_itself() -> None:
    bracket = policy({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{BUCKET}/[ab]"]})
    assert refused(bracket, [("s3:GetObject", f"{BUCKET}/[ab]")]) == []
    assert refused(bracket, [("s3:GetObject", f"{BUCKET}/a")]) != []


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "Action": ["s3:GetObject"], "Resource": [BUCKET]},
        {"Effect": "Allow", "NotAction": ["s3:GetObject"], "Resource": [BUCKET]},
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [BUCKET], "Condition": {}},
    ],
)
def test_what_is_not_evaluated_is_refused(statement: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a statement that only allows"):
        rights(policy(statement))
