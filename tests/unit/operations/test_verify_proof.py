"""Trust in what was found to add up, and its end: all is read again."""

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from operations.verify import gather, show
from operations.verify.accounts import Counts
from operations.verify.batch import BatchStages
from operations.verify.gather import Beginning, Contents
from operations.verify.landed import Extent, Listed, Object, from_offsets
from operations.verify.proof import (
    NOTHING,
    Basis,
    DataFile,
    LandedObject,
    Proof,
    RowGroup,
    mistaken,
    unchanged,
)
from operations.verify.stored import Listing, Stored

BASIS = Basis("cluster", "bucket", ("form", "ind integer"))
BEGIN = Beginning(
    BASIS,
    listed=[Listed("0+0", 0, 0, "a"), Listed("0+4", 0, 4, "b"), Listed("1+0", 1, 0, "c")],
    delta=Listing({"one": "x", "former": "y"}, ["one"]),
    rejected={(0, 1), (0, 5)},
    read={0: [range(4), range(4, 6)], 1: [range(2)]},
    reached={0: 6, 1: 2},
)
HERE = Contents(
    objects=[],
    extents=[Extent(0, 0, 4), Extent(0, 4, 4), Extent(1, 0, 2)],
    content=Stored({"one": DataFile("x", 3, 9)}, {}, {}),
    groups={700: RowGroup(3, 9, (0,))},
)
Change = Callable[[Beginning], Beginning]


def later(begin: Beginning) -> Beginning:
    """More has landed, and was read; Delta has another file beside the first one."""
    return replace(
        begin,
        listed=[*begin.listed, Listed("1+2", 1, 2, "d")],
        delta=Listing({**begin.delta.etags, "two": "z"}, ["one", "two"]),
        rejected=begin.rejected | {(0, 7), (1, 3)},
        reached={0: 8, 1: 4},
    )


def test_what_a_run_has_not_read_to_its_end_is_no_part_of_a_proof() -> None:
    known = gather.proved(BEGIN, HERE)
    assert known == Proof(
        BASIS,
        {0: 6, 1: 2},
        {"0+0": LandedObject("a", 4), "1+0": LandedObject("c", 2)},
        {"one": DataFile("x", 3, 9)},
        {700: RowGroup(3, 9, (0,))},
        known.rejected,
    )
    assert msgspec.json.decode(msgspec.json.encode(known), type=Proof) == known


def test_what_has_not_landed_below_the_ends_is_not_proved() -> None:
    """A run may have read beyond the offsets up to which the comparison looks."""
    begin = replace(BEGIN, listed=BEGIN.listed[:1], reached={0: 6, 2: 5})
    known = gather.proved(begin, replace(HERE, extents=HERE.extents[:1]))
    assert known.reached == {0: 4, 2: 0}
    assert [*known.objects] == ["0+0"]


def test_a_proof_holds_while_there_is_only_more() -> None:
    known = gather.proved(BEGIN, HERE)
    assert gather.holds(known, BEGIN)
    assert gather.holds(known, later(BEGIN))
    rewritten = replace(BEGIN, delta=Listing({"one": "x", "two": "z"}, ["two"]))
    assert gather.holds(known, rewritten)  # the former file is there to say which rows it had


@pytest.mark.parametrize(
    "change",
    [
        lambda begin: replace(begin, basis=Basis("restored", "bucket", BASIS.columns)),
        lambda begin: replace(begin, basis=Basis("cluster", "successor", BASIS.columns)),
        lambda begin: replace(begin, basis=Basis("cluster", "bucket", (*BASIS.columns, "title text"))),
        lambda begin: replace(begin, listed=begin.listed[1:]),
        lambda begin: replace(begin, listed=[begin.listed[0]._replace(etag="other"), *begin.listed[1:]]),
        lambda begin: replace(begin, delta=Listing({"two": "z"}, ["two"])),
        lambda begin: replace(begin, delta=Listing({"one": "other"}, ["one"])),
        lambda begin: replace(begin, rejected={(0, 5)}),
        lambda begin: replace(begin, rejected={*begin.rejected, (1, 1)}),
        lambda begin: replace(begin, reached={0: 5, 1: 2}),
        lambda begin: replace(begin, reached={0: 6}),
    ],
    ids=[
        "another Postgres", "another bucket", "another column", "an object lost", "an object replaced",
        "a file vacuumed", "a file replaced", "a reject lost", "a reject more", "offsets taken back", "no runs",
    ],
)  # fmt: skip
def test_a_proof_does_not_hold_once_something_of_it_is_another(change: Change) -> None:
    known = gather.proved(BEGIN, HERE)
    assert not gather.holds(known, change(BEGIN))


def test_nothing_is_no_proof_of_anything() -> None:
    assert not gather.holds(NOTHING, BEGIN)


def test_lines_below_the_proved_offsets_are_left_out() -> None:
    objects = [Object(0, 0, [b"0", b"1"]), Object(0, 2, [b"2", b"3"]), Object(1, 0, [b"0"])]
    assert from_offsets(objects, {0: 3}) == [Object(0, 3, []), Object(0, 3, [b"3"]), Object(1, 0, [b"0"])]


OTHER = Proof(
    BASIS,
    objects={"0+0": LandedObject("a", 4), "0+4": LandedObject("b", 4)},
    files={"one": DataFile("x", 3, 9), "two": DataFile("z", 1, 5)},
    groups={700: RowGroup(3, 9, (0,)), 701: RowGroup(1, 5, (0,))},
)


def test_what_was_kept_and_is_there_unchanged_is_counted() -> None:
    known = gather.proved(BEGIN, HERE)
    assert unchanged(known, OTHER) == (1, 1, 3)
    assert unchanged(NOTHING, OTHER) == (0, 0, 0)
    assert mistaken(known, OTHER) == mistaken(NOTHING, OTHER) == []


def test_what_passes_for_unchanged_with_another_content_is_named() -> None:
    known = Proof(
        BASIS,
        objects={"0+0": LandedObject("a", 3), "0+4": LandedObject("changed", 3)},
        files={"one": DataFile("x", 3, 8), "two": DataFile("changed", 1, 4)},
        groups={700: RowGroup(3, 8, (0,)), 701: RowGroup(2, 4, (0,))},
    )
    assert mistaken(known, OTHER) == ["0+0", "one", "transaction 700"]


def test_make_verify_says_how_much_a_scheduled_run_does_not_read() -> None:
    stages = BatchStages("pin", 8, 8, 8, 0, Counts(8, 8), 0, 0, 4, 4, "", "", {}, lost=False, proved=OTHER)
    assert show.trusted([stages], {"pin": gather.proved(BEGIN, HERE)}).splitlines()[1:] == [
        "  pin: 1 of 2 objects in S3, 1 of 2 data files in Delta, 3 of 4 rows in Postgres"
    ]
    assert "no earlier one has kept" in show.trusted([stages], {})
