"""The policies that docs/aws.md names under "Rights" are those of terraform/shared/policies.tf."""

import re

from common.settings import ROOT


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_table_of_rights_has_every_policy_once() -> None:
    table = text("docs/aws.md").partition("| for | policy |")[2].partition("\n\n")[0]
    statements = (
        text("terraform/shared/policies.tf").partition("\n  statements = {\n")[2].partition("\n  }\n")[0]
    )
    declared = re.findall(r"^    (\w+) = \[$", statements, re.M)
    assert declared
    assert sorted(re.findall(r"^\|[^|]+\| `([a-z]+)`", table, re.M)) == sorted(declared)
