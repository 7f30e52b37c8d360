"""The comparable form of rows, whoever wrote their files."""

import numpy as np
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


def test_rows_of_postgres_keep_their_types_line_breaks_and_empty_texts() -> None:
    """COPY with FORCE_QUOTE quotes every value but null, so an empty text and null are told apart."""
    served = b'"1","a ""b"",\nc","-1.5","1e-05","1577934245123456"\n"2","",,,\n"3",,"0","90","-62135596800000000"\n'
    assert rows.from_csv(served, "geo").to_pylist() == [
        {
            "ind": 1,
            "country": 'a "b",\nc',
            "latitude": -1.5,
            "longitude": 1e-05,
            "timestamp": 1577934245123456,
        },
        {"ind": 2, "country": "", "latitude": None, "longitude": None, "timestamp": None},
        {"ind": 3, "country": None, "latitude": 0.0, "longitude": 90.0, "timestamp": -62135596800000000},
    ]
    assert rows.from_csv(served, "geo").schema == rows.empty("geo").schema


def test_a_line_break_in_a_text_ends_no_row_wherever_arrow_cuts_the_file() -> None:
    """It parses a file in blocks of a megabyte."""
    text = "\n" * 99_999
    served = "".join(f'"{ind}","{text}",,"3"\n' for ind in range(30))
    found = rows.from_csv(served.encode(), "user")
    assert found["ind"].to_pylist() == [*range(30)]
    assert set(found["user_name"].to_pylist()) == {text}


def test_texts_of_digits_stay_texts() -> None:
    assert rows.from_csv(b'"1","007","2","3"\n', "user").to_pylist()[0]["user_name"] == "007"


def test_a_served_table_without_rows_is_empty() -> None:
    assert rows.from_csv(b"", "geo") == rows.empty("geo")


def test_the_checksum_of_many_rows_is_that_of_all_their_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = pa.table({"ind": list(range(7)), "title": ["a", None, "", "a", "\0", "b", "c"]})
    whole = rows.row_hashes(posts, ["ind", "title"])
    monkeypatch.setattr(rows, "HASHED_ROWS", 3)
    assert rows.row_hashes(posts, ["ind", "title"]).tolist() == whole.tolist()
    assert whole.dtype == np.uint64  # another would lose bits
    assert len(set(whole.tolist())) == 7


def test_coordinates_are_two_columns_of_numbers() -> None:
    places = pa.array([[-1.5, 1e-05], None, [0.0, 90.0]], pa.list_(pa.float64()))
    flat = rows.comparable(pa.table({"ind": pa.array([1, 2, 3], pa.int32()), "coordinates": places}), "geo")
    assert flat.to_pydict() == {
        "ind": [1, 2, 3],
        "latitude": [-1.5, None, 0.0],
        "longitude": [1e-05, None, 90.0],
    }
    assert flat.schema.field("ind").type == pa.int64()


def test_the_comparable_form_names_all_columns_but_coordinates() -> None:
    assert rows.comparable_names("geo") == ["ind", "country", "latitude", "longitude", "timestamp"]
    assert rows.empty("geo").schema == pa.schema(
        [
            ("ind", pa.int64()),
            ("country", pa.string()),
            ("latitude", pa.float64()),
            ("longitude", pa.float64()),
            ("timestamp", pa.int64()),
        ]
    )


def test_a_text_is_hashed_as_postgres_holds_it_and_null_is_none() -> None:
    """Postgres has no NUL in a text: what Delta holds as one is served as the four characters of its escape."""
    texts = pa.table({"title": ["a\0b", r"a\x00b", None, "", "\\0"]})
    hashes = rows.row_hashes(texts, ["title"]).tolist()
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 4


def test_a_number_is_hashed_by_its_bits_and_null_is_none() -> None:
    numbers = pa.table({"latitude": pa.array([0.0, -0.0, 0.1, 0.1 + 2**-55, None], pa.float64())})
    assert len(set(rows.row_hashes(numbers, ["latitude"]).tolist())) == 5


def test_the_checksum_of_two_columns_is_of_what_is_in_which() -> None:
    one, other = pa.table({"a": ["x", "y"], "b": ["y", "x"]}), pa.table({"a": ["x", "x"], "b": ["y", "y"]})
    assert rows.checksum(one, ["a", "b"]) != rows.checksum(other, ["a", "b"])
    assert rows.checksum(one, ["a", "b"]) == rows.checksum(one.take([1, 0]), ["a", "b"])
    assert rows.checksum(one.slice(0, 0), ["a"]) == "0" * 16
