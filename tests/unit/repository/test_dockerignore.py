"""Test that the image dev, in which `make test` runs where Python or Java is missing, has the whole checkout."""

from fnmatch import fnmatchcase

from common.settings import ROOT

LINES = (ROOT / ".dockerignore").read_text().splitlines()
IGNORED_BY_GIT = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]


def _is_one_of(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def test_every_folder_and_document_is_let_in() -> None:
    let_in = [line.removeprefix("!") for line in LINES if line.startswith("!")]
    seen = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    names = {path.name for path in (*seen, *ROOT.glob(".git?*"))}  # tests read .gitignore and its like
    assert {name for name in names if not _is_one_of(name, [*let_in, *IGNORED_BY_GIT])} == set()


def test_what_terraform_keeps_of_an_account_stays_out() -> None:
    kept = [pattern for pattern in IGNORED_BY_GIT if pattern.startswith((".terraform", "*.tf"))]
    assert kept
    assert {f"**/{pattern}" for pattern in kept} <= {*LINES}
