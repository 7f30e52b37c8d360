"""Print the summary of a run of the batch job."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from contracts.run_counts import TableRunCounts
    from spark_jobs.batch.plan import Plan
    from spark_jobs.batch.run import Report

_MODES = {
    "incremental": "What landed since the last run",
    "rebuild": "The first run: all that has landed",
    "full": "Everything rebuilt from the landing zone",
}
_ANEW = (
    "The first run since the bucket was made, as after each restart of LocalStack, which keeps S3 in memory: all that"
    " has landed is read again.\nRows in Postgres stay, and are renewed where their record landed again."
)
_OUTDATED = "An earlier version wrote the tables: they are rebuilt from all that has landed."


def show(console: Console, report: "Report | None") -> None:
    """Print the run's numbers, and where to look next."""
    if report is None:
        console.print("Nothing new has landed: all is served. `make emulate` sends posts.")
        return
    console.print(_beginning(report.plan), soft_wrap=True)
    show_accounts(console, report.accounts)
    console.print("Seconds per step (tables run side by side)")
    console.print(seconds(report))
    console.print(f"Recorded as run {report.run_id} in ops.batch_runs. `make query` prints the nine answers.")


def _beginning(plan: "Plan") -> str:
    """Say what the run has taken, and why."""
    if plan.outdated:
        return _OUTDATED
    return _ANEW if plan.rebuild and not plan.replace else _MODES[plan.mode]


def show_accounts(console: Console, accounts: "Sequence[TableRunCounts]") -> None:
    """Print what became of each table's records, why some were rejected, and where those are."""
    console.print(counts(accounts))
    _show_notes(console, accounts)
    if any(account.quarantined for account in accounts):
        console.print("`make quarantine` shows the newest rejected records; all are in quarantine.batch.")


def counts(accounts: "Sequence[TableRunCounts]") -> Table:
    """One line a table, and the totals: read = cleaned + duplicate + quarantined."""
    table = Table(show_footer=True)
    table.add_column("table", "total")
    columns = {
        "read": [account.read for account in accounts],
        "cleaned": [account.cleaned for account in accounts],
        "duplicate": [account.duplicate for account in accounts],
        "quarantined": [account.quarantined for account in accounts],
    }
    for name, numbers in columns.items():
        table.add_column(name, f"{sum(numbers):,}", justify="right")
    for account, *row in zip(accounts, *columns.values(), strict=True):
        table.add_row(account.table, *(f"{number:,}" for number in row))
    return table


def seconds(report: "Report") -> Table:
    """Seconds of each step; the tables' steps overlap."""
    table = Table()
    table.add_column("step")
    table.add_column("seconds", justify="right")
    for name, taken in report.steps.seconds.items():
        table.add_row(name, f"{taken:.1f}")
        for account in report.accounts if name == "tables" else ():
            for step, part in account.seconds.items():
                table.add_row(f"  {account.table}: {step}", f"{part:.1f}")
    return table


def _show_notes(console: Console, accounts: "Iterable[TableRunCounts]") -> None:
    for account in accounts:
        _show_codes(console, f"{account.table}: quarantined", account.reasons)
        _show_codes(console, f"{account.table}: warnings", account.warnings)
        for each in account.ranges:
            if each.missing:
                console.print(
                    f"Warning: {each.topic} partition {each.partition}: {each.missing:,} of the offsets"
                    f" {each.first} to {each.end - 1} never landed (Kafka's retention)."
                )


def _show_codes(console: Console, what: str, codes: Mapping[str, int]) -> None:
    if codes:
        listed = ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items()))
        console.print(f"{what}: {listed}")
