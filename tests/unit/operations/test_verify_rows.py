"""The comparable form of rows, whoever wrote their files."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from operations.verify import rows


def test_texts_as_delta_rs_writes_them_are_those_of_spark() -> None:
    """After a merge they are string_view in Arrow, which few functions take."""
    of_spark = pa.table({"ind": pa.array([1, 2], pa.int32()), "title": pa.array(["a", None], pa.string())})
    of_delta_rs = of_spark.set_column(1, "title", of_spark["title"].cast(pa.string_view()))
    flat = [rows.comparable(each, "pin") for each in (of_spark, of_delta_rs)]
    assert flat[0] == flat[1]
    assert len(flat[1].filter(pc.equal(flat[1]["ind"], 1))) == 1


def test_the_checksum_of_many_rows_is_that_of_all_their_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = pa.table({"ind": list(range(7)), "title": ["a", None, "", "a", "\0", "b", "c"]})
    whole = rows.row_hashes(posts, ["ind", "title"])
    monkeypatch.setattr(rows, "HASHED_ROWS", 3)
    assert rows.row_hashes(posts, ["ind", "title"]).tolist() == whole.tolist()
    assert len(set(whole.tolist())) == 7
