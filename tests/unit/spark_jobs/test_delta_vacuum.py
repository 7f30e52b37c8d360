"""Old files of Delta tables: those that no version of the layer's time needs are removed."""

import json
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from contracts.delta_tables import BATCH, KEPT_HOURS, SPEED, Layer
from spark_jobs.sinks import delta

MINUTE = 60


def replaced_table(folder: Path, seconds_ago: float) -> list[Path]:
    """Make a table whose first file was replaced so long ago; returns its files, the replaced one first."""
    write_deltalake(folder, pa.table({"ind": [1]}))
    first = list(folder.glob("*.parquet"))
    write_deltalake(folder, pa.table({"ind": [2]}), mode="overwrite")
    commit = folder / "_delta_log" / f"{1:020}.json"
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if "remove" in action:
            action["remove"]["deletionTimestamp"] = int((time.time() - seconds_ago) * 1000)
    commit.write_text("\n".join(map(json.dumps, actions)))
    return first + [path for path in folder.glob("*.parquet") if path not in first]


@pytest.mark.parametrize("layer", [BATCH, SPEED])
@pytest.mark.parametrize(("later", "stays"), [(-MINUTE, True), (MINUTE, False)])
def test_a_replaced_file_is_removed_when_its_time_is_over(
    tmp_path: Path, layer: Layer, later: int, stays: bool
) -> None:
    replaced, present = replaced_table(tmp_path, KEPT_HOURS[layer] * 3600 + later)
    removed = delta.vacuum(str(tmp_path), None, layer)
    assert replaced.exists() == stays
    assert removed == ([] if stays else [replaced.name])
    assert present.exists()
    assert DeltaTable(tmp_path).to_pyarrow_table().to_pydict() == {"ind": [2]}


def test_nothing_to_remove_makes_no_version(tmp_path: Path) -> None:
    write_deltalake(tmp_path, pa.table({"ind": [1]}))
    delta.vacuum(str(tmp_path), None, BATCH)
    assert DeltaTable(tmp_path).version() == 0


def test_where_there_is_no_table_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert delta.vacuum(str(tmp_path / "none"), None, BATCH) == []
