"""The rows of Delta's data files: what is read of files that are new, gone or the same, on local files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from common.settings import Settings
from operations.verify import digest, stored
from operations.verify.proof import DataFile
from operations.verify.stored import KafkaPosition, Listing, Stored
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema
from stack.local.isolated import make_settings

Places = dict[int, KafkaPosition]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Have files read from this folder, by their names."""

    def read(
        _: Settings, files: Sequence[str], columns: Sequence[str], *__: object
    ) -> Iterator[pa.RecordBatch]:
        paths = [str(tmp_path / name) for name in files]
        if paths:
            yield from parquet.dataset(paths, LocalFileSystem()).to_batches(columns=columns)

    monkeypatch.setattr(parquet, "read", read)
    return make_settings(tmp_path)


def write(folder: Path, name: str, places: Places, age: int = 30) -> None:
    columns = [pa.field(stored.PLACE[0], pa.int32()), pa.field(stored.PLACE[1], pa.int64())]
    rows = [
        {"ind": ind, "user_name": f"Ann {ind}", "age": age} | dict(zip(stored.PLACE, place, strict=True))
        for ind, place in places.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([*arrow_schema("user"), *columns])), folder / name)


def found(*present: str, known: dict[str, DataFile], settings: Settings) -> Stored:
    return stored.read(settings, "user", Listing({name: f"of {name}" for name in present}, present), known)


def test_a_file_that_is_known_is_not_read(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, "one", {1: (0, 1), 2: (0, 2)})
    first = found("one", known={}, settings=settings)
    assert (first.places, first.gone) == ({1: (0, 1), 2: (0, 2)}, {})
    assert first.files["one"].rows == 2
    write(tmp_path, "two", {3: (1, 7)})
    (tmp_path / "one").rename(tmp_path / "away")
    both = found("one", "two", known=dict(first.files), settings=settings)
    assert (both.places, both.gone) == ({3: (1, 7)}, {})
    assert both.files == {**first.files, "two": both.files["two"]}


def test_rows_of_files_that_left_the_table_are_gone_unless_another_has_them(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path, "one", {1: (0, 1), 2: (0, 2), 3: (0, 3)})
    known = dict(found("one", known={}, settings=settings).files)
    write(tmp_path, "merged", {1: (0, 1), 2: (0, 9)})
    after = found("merged", known=known, settings=settings)
    assert after.places == {1: (0, 1), 2: (0, 9)}
    assert after.gone == {2: (0, 2), 3: (0, 3)}
    assert [*after.files] == ["merged"]


def test_a_table_that_is_gone_has_no_rows(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, "one", {1: (0, 1)})
    known = dict(found("one", known={}, settings=settings).files)
    assert found(known=known, settings=settings) == Stored({}, {}, {1: (0, 1)})
    assert found(known={}, settings=settings) == Stored({}, {}, {})


def test_the_digest_of_rows_does_not_depend_on_their_files(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path, "one", {1: (0, 1), 2: (0, 2)})
    write(tmp_path, "two", {3: (0, 3)})
    write(tmp_path, "all", {3: (7, 7), 2: (0, 2), 1: (0, 1)})  # places are not compared with Postgres
    write(tmp_path, "other", {3: (0, 3)}, age=31)
    digests = [
        digest.of_parts(found(*names, known={}, settings=settings).files.values())
        for names in (["one", "two"], ["all"], ["one", "other"])
    ]
    assert digests[0] == digests[1] != digests[2]


def test_the_records_of_posts_are_found_in_the_files_that_are_named(
    settings: Settings, tmp_path: Path
) -> None:
    write(tmp_path, "one", {1: (0, 1), 2: (0, 2)})
    write(tmp_path, "two", {3: (0, 3)})
    assert stored.places_of(settings, "user", ["one"], {2, 3, 9}) == {2: (0, 2)}
    assert stored.places_of(settings, "user", [], {2}) == {}
    assert stored.places_of(settings, "user", ["one"], set()) == {}
