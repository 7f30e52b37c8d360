"""The score of `make mutants`, module by module, as the table of docs/mutants.md: `python -m tests.mutation_score`."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# mutmut's exit codes: of pytest, of its own, and of a process that went over its processor time.
_SURVIVED, _UNREACHED, _UNCHECKED = {0}, {5, 33}, {None}


def rows(folder: Path) -> Iterator[str]:
    """Return a line for each module of which faults were tried, and one for all."""
    total: Counter[int | None] = Counter()
    for file in sorted(folder.rglob("*.meta")):
        codes = Counter(json.loads(file.read_text())["exit_code_by_key"].values())
        total += codes
        if codes:
            yield _row(str(file.relative_to(folder)).removesuffix(".meta"), codes)
    yield _row("all", total)


def _row(name: str, codes: Counter[int | None]) -> str:
    counts = [sum(codes[code] for code in kind) for kind in (_SURVIVED, _UNREACHED, _UNCHECKED)]
    tried = sum(codes.values()) - counts[2]
    noticed = tried - counts[0] - counts[1]
    share = f"{noticed / tried:.0%}" if tried else ""
    return f"| {name} | {tried} | {noticed} | {counts[0]} | {counts[1]} | {share} |"


if __name__ == "__main__":
    print("| module | faults | noticed | survived | reached by no test | score |")
    print("|---|---:|---:|---:|---:|---:|")
    print("\n".join(rows(Path("mutants"))))
