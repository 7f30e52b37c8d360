"""Judge quarantined records again: `python -m spark_jobs.replay [--apply] ...`, in the Makefile `make replay`."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table as Grid

from common.clients import postgres_connection
from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import make_console
from spark_jobs.batch import failures
from spark_jobs.replay import mended_file, store
from spark_jobs.replay.job import replay
from spark_jobs.replay.mended_file import KafkaPosition
from spark_jobs.replay.selection import Selection, bound, known_reason, topics

if TYPE_CHECKING:
    from spark_jobs.replay.run import Report

_STANDARD = Path("-")  # standard input or output in the place of a file
_NOTHING = "No record in the quarantine is selected. `make quarantine` shows the newest of them."


def show(console: Console, report: "Report | None") -> None:
    """Print what passes, by reason, and what was done with it."""
    if report is None:
        console.print(_NOTHING)
        return
    console.print(_grid(report))
    if report.run_id is None:
        hint = "Nothing was changed: APPLY=1 takes in what passes." if report.accepted else "None passes."
        console.print(hint)
        return
    for account in report.accounts:
        console.print(
            f"{account.table}: {-account.quarantined:,} out of quarantine, {account.cleaned:,} of them cleaned,"
            f" {account.duplicate:,} duplicate (older than another record of their ind)"
        )
    console.print(f"Recorded as run {report.run_id} in ops.batch_runs; quarantine.replayed has the records.")


def _grid(report: "Report") -> Grid:
    grid = Grid(
        "table", "in quarantine for", title="Quarantined records by the current rules", show_footer=True
    )
    validated = sum(each.tally.accepted + each.tally.quarantined for each in report.verdicts)
    grid.add_column("records", f"{validated:,}", justify="right")
    grid.add_column("pass", f"{report.accepted:,}", justify="right")
    for verdict in report.verdicts:
        for reason, (count, passes) in verdict.by_reason.items():
            grid.add_row(verdict.table, reason, f"{count:,}", f"{passes:,}")
    return grid


def _open(file: Path, mode: Literal["rb", "xb"]) -> AbstractContextManager[IO[bytes]]:
    if file == _STANDARD:
        return nullcontext(sys.stdin.buffer if mode == "rb" else sys.stdout.buffer)
    return file.open(mode)


def _export(settings: Settings, selection: Selection, file: Path) -> int:
    with closing(postgres_connection(settings, "analyst")) as connection:
        records = store.quarantined(connection, selection)
    try:
        with _open(file, "xb") as out:
            out.writelines(mended_file.to_lines(records))
    except OSError as error:
        raise failures.RefusedError(str(error)) from None
    return len(records)


def _read(file: Path) -> Mapping[KafkaPosition, str]:
    try:
        with _open(file, "rb") as lines:
            return mended_file.from_lines(lines)
    except OSError as error:
        raise failures.RefusedError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise failures.RefusedError(f"{file}: {error}") from None


def _selection(
    settings: Settings, reason: str | None, topic: str | None, first: str | None, last: str | None
) -> Selection:
    try:
        ends = bound(first, last=False), bound(last, last=True)
        return Selection(topics(settings, topic), known_reason(reason), *ends)
    except ValueError as error:
        raise failures.RefusedError(str(error)) from None


def main(  # noqa: PLR0913, PLR0917 - the command's options
    reason: Annotated[str | None, typer.Option(help="Only those rejected for this reason.")] = None,
    topic: Annotated[str | None, typer.Option(help="Only this topic's: its name, or pin, geo, user.")] = None,
    first: Annotated[
        str | None, typer.Option(help="From this offset, or from this day or time (UTC).")
    ] = None,
    last: Annotated[str | None, typer.Option(help="Up to this offset, day or time, included.")] = None,
    mended: Annotated[
        Path | None, typer.Option(help="Only this file's records (-: standard input), as they stand there.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write them into this new file (-: standard output), and no more.")
    ] = None,
    apply: Annotated[bool, typer.Option(help="Take in what passes; else it is only shown.")] = False,
) -> None:
    """Judge the batch path's quarantined records again, and take in those that pass."""
    settings, console = load_settings(), make_console()
    with failures.explained("The replay", "make replay"):
        selection = _selection(settings, reason, topic, first, last)
        if export:
            count = _export(settings, selection, export)
            where = "written" if export == _STANDARD else f"in {export}"
            make_console(stderr=True).print(
                f"{count:,} records are {where}: mend them, then `make replay MENDED=file`."
            )
        else:
            show(console, replay(settings, selection, _read(mended) if mended else None, apply=apply))


if __name__ == "__main__":
    run_command(main, "make replay")
