"""The variables and outputs of the modules of terraform/ that the documents tell to type exist."""

import re
from pathlib import Path

import pytest

from common.settings import ROOT

DOCUMENTS = [ROOT / "docs" / "aws.md", ROOT / "docs" / "aws-costs.md"]
COMMAND = re.compile(r"terraform -chdir=terraform/(\w+) (?:[^\n]|\\\n)*")


def commands(path: Path) -> list[tuple[str, str]]:
    """Return the commands of a document, each with its module."""
    return [(found[1], found[0]) for found in COMMAND.finditer(path.read_text(encoding="utf-8"))]


def declared(module: str, kind: str) -> set[str]:
    text = (ROOT / "terraform" / module / f"{kind}s.tf").read_text(encoding="utf-8")
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.M))


def required(module: str) -> set[str]:
    text = (ROOT / "terraform" / module / "variables.tf").read_text(encoding="utf-8")
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S)
    return {name for name, block in blocks if not re.search(r"^  default", block, re.M)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_variables_and_outputs_that_are_named_exist(path: Path) -> None:
    assert commands(path)
    for module, command in commands(path):
        assert set(re.findall(r"-var (\w+)=", command)) <= declared(module, "variable"), command
        assert set(re.findall(r"output -(?:raw|json) (\w+)", command)) <= declared(module, "output"), command


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_plan_is_given_what_it_requires(path: Path) -> None:
    # What terraform/managed hands on by a file.
    handed_on = {"rest_proxy_url"}
    plans = [
        (module, command) for module, command in commands(path) if re.search(r" (apply|destroy)\b", command)
    ]
    assert plans
    for module, command in plans:
        missing = required(module) - set(re.findall(r"-var (\w+)=", command))
        assert missing <= handed_on, command


def test_what_is_handed_on_are_variables_of_the_shared_module() -> None:
    outputs = (ROOT / "terraform" / "managed" / "outputs.tf").read_text(encoding="utf-8")
    [text] = re.findall(r"<<-TFVARS\n(.*?)TFVARS", outputs, re.S)
    names = set(re.findall(r"^ +(\w+) += ", text, re.M))
    assert names == {"rest_proxy_url", "vpc_link_id"}
    assert names <= declared("shared", "variable")
