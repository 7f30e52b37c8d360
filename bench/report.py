"""The one form of a benchmark's result: a table on the terminal, a section in docs/benchmarks.md."""

import os
import platform
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import psutil
from rich.table import Table

from common.terminal import make_console

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
COLUMNS = ("what", "value", "unit", "baseline", "ratio", "aim", "met")
_HEADING = "# Benchmarks\n\nEvery section is written by the command it names, with `--write`.\n"


@dataclass(frozen=True)
class Row:
    """One measured value, its baseline of the same run and what was aimed at.

    The aim is compared with the ratio where there is a baseline, else with the value.
    """

    what: str
    value: float
    unit: str
    baseline: float | None = None
    aim: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def ratio(self) -> float | None:
        """The value divided by the baseline, or None without one."""
        return self.value / self.baseline if self.baseline else None

    @property
    def met(self) -> bool | None:
        """Return whether the aim is reached, or None without one."""
        if self.aim is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.aim if self.better == "higher" else measured <= self.aim

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of COLUMNS."""
        sign = ">=" if self.better == "higher" else "<="
        aim = "" if self.aim is None else f"{sign} {number(self.aim)}"
        met = {None: "", True: "yes", False: "no"}[self.met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        baseline = "" if self.baseline is None else number(self.baseline)
        return (self.what, number(self.value), self.unit, baseline, ratio, aim, met)


def number(value: float) -> str:
    """`123,456` from a thousand on, three significant digits below."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def report(title: str, rows: Sequence[Row], *, packages: Sequence[str] = (), write: bool = False) -> None:
    """Print the rows as a table; with `write`, also put them into docs/benchmarks.md.

    Args:
        title: names the table and its section; one title, one section.
        packages: Python packages whose versions belong to the conditions.
        write: replace the section of this title in docs/benchmarks.md.
    """
    table = Table(*COLUMNS, title=title)
    for row in rows:
        table.add_row(*row.cells())
    make_console(width=120).print(table)
    if write:
        section = _section(title, rows, conditions(packages))
        document = DOCUMENT.read_text() if DOCUMENT.exists() else _HEADING
        DOCUMENT.write_text(replace_section(document, title, section))


def conditions(packages: Sequence[str]) -> dict[str, str]:
    """Return what the figures depend on: date, machine, versions and the command."""
    # sys.orig_argv holds the interpreter's path; the command to repeat is what follows it.
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPUs": str(os.cpu_count()),
        "load average": f"{os.getloadavg()[1]:.1f} over the 5 minutes up to the end of the run",
        "memory": f"{psutil.virtual_memory().total / 1024**3:.0f} GiB",
        "versions": ", ".join(versions),
        "command": " ".join(["python", *sys.orig_argv[1:]]),
    }


def replace_section(document: str, title: str, section: str) -> str:
    """The document with the title's section, between its two markers, replaced or appended."""
    slug = re.sub(r"\W+", "-", title.lower()).strip("-")
    begin, end = f"<!-- begin {slug} -->", f"<!-- end {slug} -->"
    marked = f"{begin}\n{section}\n{end}"
    before, found, rest = document.partition(begin)
    if not found:
        return f"{document.rstrip()}\n\n{marked}\n"
    return before + marked + rest.partition(end)[2]


def _section(title: str, rows: Sequence[Row], facts: dict[str, str]) -> str:
    lines = [f"## {title}", "", _markdown(COLUMNS), _markdown(["---"] * len(COLUMNS))]
    lines += [_markdown(row.cells()) for row in rows]
    lines += ["", *(f"- {name}: {value}" for name, value in facts.items())]
    return "\n".join(lines)


def _markdown(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
