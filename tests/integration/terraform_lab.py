"""The pipeline's jobs on what Terraform has made: each as its own process, its calls of AWS noted on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from common import batch_progress
from common.clients import delta_options, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, FORMER_BATCH, Layer, folder
from contracts.tables import TABLES, Table
from spark_jobs.batch.moving import move_objects
from spark_jobs.schemas import CLEANED
from spark_jobs.sinks import delta
from stack.local.isolated import ServiceProcess
from tests.e2e.stages import delta_rows
from tests.integration.aws_calls import Call, CallRecorder

# Two runs of the batch job take 25 s on two cores, the emulator 3 s; on a busy machine eight times that.
JOB_SECONDS = 200.0

Calls = dict[str, set[Call]]


@contextmanager
def recorded(settings: Settings, calls: set[Call]) -> Iterator[Settings]:
    """Yield settings whose AWS is a server that notes the calls."""
    with CallRecorder(settings.aws.endpoint_url, calls) as recorder:
        yield settings.replace(AWS_ENDPOINT_URL=recorder.url)


def run(settings: Settings, folder: Path, *program: str) -> None:
    """Run a program to its end, which must be a good one."""
    with ServiceProcess(settings, *program, log=folder / f"{program[0]}.log") as started:
        assert started.process
        assert started.process.wait(JOB_SECONDS) == 0, started.output()


class Jobs:
    """The jobs by the names of their policies, and the calls that each has made."""

    def __init__(self, settings: Settings, log_folder: Path) -> None:
        self.settings = settings
        self.calls: Calls = {}
        self._folder = log_folder

    @contextmanager
    def recorded(self, job: str) -> Iterator[Settings]:
        """Yield settings for a program that is part of this job."""
        with recorded(self.settings, self.calls.setdefault(job, set())) as own:
            yield own

    def run(self, job: str, *program: str) -> None:
        """Run a program to its end."""
        with self.recorded(job) as own:
            run(own, self._folder, *program)

    @contextmanager
    def started(self, job: str, program: str) -> Iterator[ServiceProcess]:
        """Run a program until the body ends."""
        log = self._folder / f"{program}.log"
        with self.recorded(job) as own, ServiceProcess(own, program, log=log) as process:
            yield process

    def vacuum(self, job: str, layer: Layer) -> None:
        """Let the job remove the old files that an overwrite of its tables leaves."""
        for table in TABLES:
            path, options = delta.location(self.settings, table, layer), delta_options(self.settings)
            rows = DeltaTable(path, storage_options=options).to_pyarrow_table()
            write_deltalake(path, rows, mode="overwrite", storage_options=options)
        self.run(job, "tests.integration.vacuum_now", layer)

    def move(self) -> None:
        """Let the batch job find its tables where an earlier version kept them, and nothing new."""
        s3, bucket = s3_client(self.settings), self.settings.bucket
        progress = batch_progress.load(s3, bucket)
        assert progress
        for table in TABLES:
            move_objects(s3, bucket, f"{folder(BATCH, table)}/", f"{folder(FORMER_BATCH, table)}/")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batch_progress, "FORM", 2)
            batch_progress.save(s3, bucket, progress)
        self.run("batch", "spark_jobs.batch")


def stored(settings: Settings, table: Table, layer: Layer) -> list[tuple[object, ...]]:
    """Return the rows of a Delta table, in the order of `ind`."""
    return delta_rows(settings, table, CLEANED[table].names, layer)
