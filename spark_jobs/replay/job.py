"""A replay from its beginning to its end, and what must hold before it may begin."""

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from common import batch_progress as progress
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH
from spark_jobs.batch import failures
from spark_jobs.batch.steps import Steps
from spark_jobs.replay import store
from spark_jobs.replay.mended_file import KafkaPosition, Quarantined
from spark_jobs.replay.selection import Selection

if TYPE_CHECKING:
    from spark_jobs.replay.run import Report


def replay(
    settings: Settings,
    selection: Selection,
    mended: Mapping[KafkaPosition, str] | None = None,
    *,
    apply: bool,
) -> "Report | None":
    """Judge the selected records again, and if asked to, take in those that pass; None if none is selected.

    Args:
        mended: if given, only these records, each by the text that is given here.

    Raises:
        RefusedError: a batch run must come first, or a mended record is not among the selected ones.
        AlreadyRunningError: another run is at work.
        StepFailedError, CountsDoNotAddUpError: the replay failed; if it was to change anything, it is in ops as such.
        psycopg2.Error, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: a server is down.
    """
    steps = Steps("replay")
    with closing(postgres_connection(settings, "batch_writer")) as connection:
        if apply:
            failures.lock(connection)
            check_ready(settings)
        records = _chosen(store.quarantined(connection, selection), mended)
        if not records:
            return None
        # Importing Spark takes a second, which a look at an empty quarantine need not spend.
        from spark_jobs.replay.run import take_in, validate  # noqa: PLC0415

        validated = validate(settings, records, mended or {}, steps)
        if not (apply and validated.accepted):
            return validated
        with failures.recorded(connection, "replay", steps):
            return take_in(settings, connection, validated)


def check_ready(settings: Settings) -> None:
    """Check that the batch path's tables are there and whole, for replay to add to.

    Raises:
        RefusedError: they are not; the message says which command makes them so.
    """
    known = progress.load(s3_client(settings), settings.bucket)
    if known is None:
        raise failures.RefusedError(
            "the bucket has no batch run yet, or was lost: run `make landed batch` first"
        )
    if known.is_outdated:
        raise failures.RefusedError(
            "an earlier version wrote the tables: run `make batch` first, which rebuilds them"
        )
    if known.layer != BATCH:
        raise failures.RefusedError(
            "the Delta tables are where an earlier version kept them: run `make batch` first, which moves them"
        )
    if known.replacing:
        raise failures.RefusedError("a full rebuild was interrupted: finish it with `make batch` first")


def _chosen(records: list[Quarantined], mended: Mapping[KafkaPosition, str] | None) -> list[Quarantined]:
    if mended is None:
        return records
    chosen = [each for each in records if each.place in mended]
    if unknown := mended.keys() - {each.place for each in chosen}:
        named = ", ".join(map(str, sorted(unknown)[:5]))
        raise failures.RefusedError(
            f"{len(unknown)} of the mended records are not in quarantine, or not selected: {named}"
        )
    return chosen
