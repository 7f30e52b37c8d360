"""Offsets of the Kinesis source: their text, and in which order shards may be read."""

import json
import random

import pytest
from pyspark_kinesis_source.offsets import (
    Parents,
    Position,
    StreamOffset,
    advance,
    from_json,
    lost_shards,
    new_stream,
    to_json,
    with_ready,
)

SEQUENCE = "49680428547421107226012800606992559829940048205520568322"
OPEN, CLOSED = Position(read_to=5, sequence="7"), Position(read_to=5, sequence="7", closed=True)


def test_offset_survives_json_with_its_56_digits() -> None:
    shards = {"b": Position(1, SEQUENCE, 3), "a": Position(2), "c": Position(3, None, 0, closed=True)}
    offset = {"s": StreamOffset(created=9, start=0, shards=shards), "r": StreamOffset(8, 7, {})}
    text = json.dumps(to_json(offset))
    assert from_json(json.loads(text)) == offset
    assert f'"{SEQUENCE}"' in text
    assert json.dumps(to_json(from_json(json.loads(text)))) == text


def test_offset_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        from_json({"version": 2, "streams": {}})


def test_new_stream_begins_at_shards_without_listed_parents() -> None:
    parents: Parents = {"a": (), "b": (), "c": ("a",), "d": ("gone",), "e": ("b", "c")}
    stream = new_stream(1, 0, parents, now=10)
    assert stream.shards == {name: Position(read_to=10) for name in ("a", "b", "d")}


@pytest.mark.parametrize(
    ("known", "parents", "ready"),
    [
        ({"p": OPEN}, {"p": (), "c": ("p",)}, set()),
        ({"p": CLOSED}, {"p": (), "c": ("p",), "d": ("p",)}, {"c", "d"}),
        ({"p": CLOSED, "q": OPEN}, {"p": (), "q": (), "c": ("p", "q")}, set()),
        ({"p": CLOSED, "q": CLOSED}, {"p": (), "q": (), "c": ("p", "q")}, {"c"}),
        ({"q": CLOSED}, {"q": (), "c": ("p", "q")}, {"c"}),  # p is gone
        ({"p": CLOSED}, {"p": (), "c": ("p",), "g": ("c",)}, {"c"}),  # g waits for c
        ({"p": CLOSED, "c": OPEN}, {"p": (), "c": ("p",)}, set()),
        ({"c": OPEN}, {"p": (), "c": ("p",)}, set()),  # p was read before, and is listed again
    ],
)
def test_child_waits_for_all_its_parents(
    known: dict[str, Position], parents: Parents, ready: set[str]
) -> None:
    assert with_ready(known, parents, now=1).keys() - known.keys() == ready


def test_closed_shard_leaves_once_it_is_gone_and_its_children_stay() -> None:
    known = {"p": CLOSED, "c": OPEN}
    assert with_ready(known, {"c": ("p",)}, now=1) == {"c": OPEN}
    assert with_ready({"c": OPEN}, {"c": ("p",)}, now=1) == {"c": OPEN}


def test_shard_that_left_unread_is_lost() -> None:
    assert lost_shards({"p": CLOSED, "c": OPEN, "d": OPEN}, {"d": ()}) == ["c"]


def test_any_history_is_read_parents_first_and_each_shard_once() -> None:
    for seed in range(200):
        chance = random.Random(seed)  # noqa: S311 - repeatable histories
        parents: dict[str, tuple[str, ...]] = {"0": (), "1": ()}
        stream = new_stream(1, 0, parents, now=0)
        finished: list[str] = []
        leaves = ["0", "1"]
        for step in range(40):
            _reshard(parents, leaves, chance)
            open_shards = [name for name, position in stream.shards.items() if not position.closed]
            read = [name for name in open_shards if name not in leaves and chance.random() < 0.7]
            finished += read
            stream = advance(stream, dict.fromkeys(read, CLOSED), parents, now=step)
            if finished and chance.random() < 0.2:
                parents.pop(finished[0], None)
            assert not lost_shards(stream.shards, parents)
            for name, position in stream.shards.items():
                assert position.closed or all(
                    each in finished or each not in parents for each in parents[name]
                )
        assert len(finished) == len(set(finished))
        assert set(finished).isdisjoint(leaves)


def _reshard(parents: dict[str, tuple[str, ...]], leaves: list[str], chance: random.Random) -> None:
    if chance.random() < 0.5 and len(leaves) < 6:
        parent = leaves.pop(chance.randrange(len(leaves)))
        children = [f"{parent}s{number}" for number in range(2)]
        parents.update(dict.fromkeys(children, (parent,)))
        leaves += children
    elif len(leaves) > 1:
        pair = (leaves.pop(0), leaves.pop(0))
        child = f"m{len(parents)}{chance.random()}"
        parents[child] = pair
        leaves.append(child)
