"""Test that each record read is a row, in quarantine or superseded; and what a scheduled run may look like."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from operations.verify import quality
from operations.verify.accounts import Mended
from operations.verify.batch import coverage_problems, fate_problems, gone_problems, read_problems
from operations.verify.gather import landed_up_to
from operations.verify.landed import Object, as_mended, split_lines, walks
from operations.verify.rows import checksum
from operations.verify.stored import KafkaPosition, Stored
from stack.local.isolated import make_settings

NAMES = ["ind", "text", "number"]


def rows(*values: tuple[object, ...]) -> pa.Table:
    types = {"ind": pa.int64(), "text": pa.string(), "number": pa.float64()}
    return pa.table(
        {name: pa.array([row[at] for row in values], kind) for at, (name, kind) in enumerate(types.items())}
    )


def test_a_checksum_ignores_the_order() -> None:
    one, other = (1, "a", 0.5), (2, "b", None)
    assert checksum(rows(one, other), NAMES) == checksum(rows(other, one), NAMES)


@pytest.mark.parametrize(
    "changed",
    [(1, "b", 0.5), (2, "a", 0.5), (1, None, 0.5), (1, "", 0.5), (1, "a", None), (1, "a", 0.50000001)],
)
def test_a_checksum_sees_every_value(changed: tuple[object, ...]) -> None:
    assert checksum(rows(changed), NAMES) != checksum(rows((1, "a", 0.5)), NAMES)


def test_a_checksum_sees_doubled_rows_and_swapped_columns() -> None:
    row = (1, "a", 0.5)
    assert len({checksum(rows(*[row] * times), NAMES) for times in range(4)}) == 4
    assert checksum(rows((1, None, None)), NAMES) != checksum(rows((1, "", None)), NAMES)


OBJECTS = [
    Object(0, 0, [b'{"ind": 1}', b'{"ind": 2}', b'{"ind": 1}', b"not JSON"]),
    Object(1, 0, [b'{"ind": 2}']),
]
REACHED = {0: 4, 1: 1}


def fates(
    objects: list[Object],
    reached: dict[int, int],
    places: dict[int, KafkaPosition],
    rejected: set[KafkaPosition],
) -> list[str]:
    """The problems, with keys that are seen at once: the digit in a record, which is not JSON without one."""

    def find_rows(texts: Sequence[str]) -> list[KafkaPosition | None]:
        digits = ("".join(filter(str.isdigit, text)) for text in texts)
        return [places.get(int(found)) if found else None for found in digits]

    return fate_problems("t", objects, reached, set(places.values()), rejected, find_rows)


def test_rows_quarantine_and_outdone_records_are_all_there_is() -> None:
    places = {1: (0, 2), 2: (0, 1)}
    assert fates(OBJECTS, REACHED, places, {(0, 3)}) == []


def test_a_lost_record_is_named_by_its_offset() -> None:
    places = {1: (0, 0), 2: (0, 1)}
    assert fates(OBJECTS, REACHED, places, set()) == [
        "t[0]: neither in Delta nor in quarantine: 2 offsets: 2 to 3"
    ]


def test_of_a_mended_record_the_mended_text_counts() -> None:
    places = {1: (0, 2), 2: (1, 4)}
    assert fates(OBJECTS, REACHED, places, set()) == [
        "t[0]: neither in Delta nor in quarantine: 1 offsets: 3"
    ]
    objects = as_mended(OBJECTS, {(0, 3): Mended("not JSON", '{"ind": 2}')})
    assert fates(objects, REACHED, places, set()) == []
    assert fates(objects, REACHED, {1: (0, 2), 2: (0, 3)}, set()) == []


def test_a_text_that_was_mended_at_another_time_does_not_count() -> None:
    """A topic made anew has other records at the same offsets."""
    objects = [Object(0, 0, [b"not JSON", b"a\xff\0"])]
    texts = {
        (0, offset): Mended(landed, '{"ind": 1}') for offset, landed in enumerate(["other", "a\\xff\\x00"])
    }
    assert as_mended(objects, texts) == [Object(0, 0, [b"not JSON", b'{"ind": 1}'])]


def test_only_a_newline_ends_a_landed_line() -> None:
    assert split_lines(b'{"ind": 1}\r\n\n\x0b\n') == [b'{"ind": 1}\r', b"", b"\x0b"]
    assert split_lines(b"\n") == [b""]
    assert split_lines(b"") == []


def test_what_no_run_has_read_yet_is_not_lost() -> None:
    assert fates(OBJECTS, {0: 2}, {1: (0, 0), 2: (0, 1)}, set()) == []


def test_a_record_in_two_places_is_named() -> None:
    places = {1: (0, 2), 2: (0, 1)}
    found = fates(OBJECTS, REACHED, places, {(0, 3), (0, 2)})
    assert found == ["t[0]: both in Delta and in quarantine: offset 2"]


def test_a_row_that_is_gone_made_room_for_that_of_a_later_record() -> None:
    later = Stored(files={}, places={1: (0, 9), 2: (1, 4)}, gone={1: (0, 2), 2: (0, 4)})
    assert gone_problems("t", later) == []
    earlier = Stored(files={}, places={1: (0, 2), 2: (0, 4)}, gone={1: (1, 2), 2: (1, 4), 3: (1, 5)})
    assert gone_problems("t", earlier) == ["t[1]: rows in Delta no more: 3 offsets: 2, 4 to 5"]


def test_offsets_read_twice_or_never_are_named() -> None:
    assert read_problems("t", {0: [range(5), range(5, 9)]}) == []
    assert read_problems("t", {0: [range(5), range(4, 9)]}) == ["t[0]: read by two runs: 1 offsets: 4"]
    assert read_problems("t", {0: [range(5), range(7, 9)]}) == ["t[0]: read by no run: 2 offsets: 5 to 6"]


def test_what_a_lost_bucket_has_not_landed_again_is_not_missing_but_a_gap_is() -> None:
    ends = {0: 9, 1: 7, 2: 4}
    again = landed_up_to(OBJECTS, ends)
    assert again == {0: 4, 1: 1, 2: 0}
    assert coverage_problems("t", walks(OBJECTS, again)) == []
    gap = [*OBJECTS, Object(0, 5, [b"1"])]
    assert coverage_problems("t", walks(gap, landed_up_to(gap, ends))) == ["t[0]: not in S3: 1 offsets: 4"]


def test_thresholds_warn_and_fail_with_the_numbers(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    measured = quality.measure("pin", 10, {"ind": 0, "text": 10, "number": 0}, read=100, quarantined=2)
    warnings, failures = quality.validate(settings, measured, rows_before=10)
    assert warnings == ["pin: 2 of 100 records quarantined: 2.00% is above QUALITY_QUARANTINE_WARN=0.01"]
    assert failures == ["pin.text: nulls: 100.00% is above QUALITY_NULL_FAIL=0.5"]
    _, failures = quality.validate(settings, measured, rows_before=20)
    assert failures[-1] == "pin: 10 rows after 20, a drop: 50.00% is above QUALITY_DROP_FAIL=0.1"


def test_an_empty_table_breaks_no_threshold(tmp_path: Path) -> None:
    measured = quality.measure("pin", 0, dict.fromkeys(NAMES, 0), read=0, quarantined=0)
    assert quality.validate(make_settings(tmp_path), measured, None) == ([], [])


@pytest.mark.parametrize(
    ("quarantined", "warned", "failed"), [(10, 0, 0), (11, 1, 0), (50, 1, 0), (51, 0, 1)]
)
def test_a_share_at_its_threshold_breaks_none(
    tmp_path: Path, quarantined: int, warned: int, failed: int
) -> None:
    settings = make_settings(tmp_path, QUALITY_QUARANTINE_WARN=0.01, QUALITY_QUARANTINE_FAIL=0.05)
    measured = quality.Quality("pin", 10, 1000, quarantined, {})
    warnings, failures = quality.validate(settings, measured, rows_before=10)
    assert (len(warnings), len(failures)) == (warned, failed)


def test_shares_of_nulls_are_kept_to_a_millionth() -> None:
    measured = quality.measure("pin", 3, {"ind": 0, "text": 1, "number": 1}, read=3, quarantined=0)
    assert measured.null_rates == {"ind": 0.0, "text": 0.333333, "number": 0.333333}
