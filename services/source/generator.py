"""Generated source rows that look like the real ones: one seed, one data set, on any machine.

The shares are counts of 2,117 real posts (docs/contracts.md, "Source tables"). Rows are made in blocks of
BLOCK posts; a block depends on the seed and its number alone, so more rows begin with the same rows, and
memory does not grow with their number.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from random import Random
from typing import NamedTuple

from msgspec.structs import replace

from contracts.rows import ROW_TYPES, Row
from contracts.tables import Table
from services.source.pools import (
    CATEGORIES,
    COUNTRIES,
    FIRST_NAMES,
    LAST_NAMES,
    NO_TAGS,
    NO_TITLE,
    USER_ERROR,
    Pools,
    Poster,
    Texts,
    falling_weights,
    make_pools,
)
from services.source.vocabulary import CATEGORY_WEIGHTS

VERSION = 1  # to be raised when the rows of a seed change, so that loaded ones are loaded again
BLOCK = 1_000

NO_DESCRIPTION = "No description available"
STORY = "multi-video(story page format)"
STORY_DESCRIPTION = "No description available Story format"
NO_IMAGE = "Image src error."
FIRST_POST, LAST_POST = datetime(2017, 10, 19), datetime(2022, 10, 19)
FIRST_JOIN, LAST_JOIN = datetime(2015, 10, 21), datetime(2017, 10, 20)

_BROKEN = "broken"  # a post whose page could not be read: every sentinel at once
_KINDS = ("image", "video", STORY, _BROKEN)
_KIND_WEIGHTS = list(accumulate((1_640, 307, 156, 14)))
# Shares among the other posts, so that with the broken ones they are 42, 25, 32 and 1 of 2,117.
_NO_IMAGE = 28 / 2_103
_NO_TAGS = 11 / 2_103
_NO_DESCRIPTION = 18 / 1_947
_EMPTY_TITLE = 1 / 2_103
_REPEATED = 1 / 200  # posts that are the post before them again, under another index

_CATEGORY_WEIGHTS = list(accumulate(CATEGORY_WEIGHTS))
# Albania 5 %, Algeria 4.5 %, Afghanistan 4 %, and then ever fewer down the alphabet.
_TOP_COUNTRIES = {"Albania": 0.05, "Algeria": 0.045, "Afghanistan": 0.04}


def _country_weights() -> list[float]:
    others = [1 / (10 + place) for place in range(len(COUNTRIES))]
    scale = (1 - sum(_TOP_COUNTRIES.values())) / sum(others[len(_TOP_COUNTRIES) :])
    weights = zip(COUNTRIES, others, strict=True)
    return list(accumulate(_TOP_COUNTRIES.get(country, weight * scale) for country, weight in weights))


_COUNTRY_WEIGHTS = _country_weights()
_AGES = range(20, 61)
_AGE_WEIGHTS = list(accumulate((61 - age) ** 2 for age in _AGES))
# Few names lead, so that full names recur on many ids.
_FIRST_NAME_WEIGHTS = falling_weights(len(FIRST_NAMES), 8)
_LAST_NAME_WEIGHTS = falling_weights(len(LAST_NAMES), 8)


def generate(table: Table, rows: int, seed: int) -> Iterator[list[Row]]:
    """The first `rows` rows of a table, in blocks of at most BLOCK, keys 0, 1, 2, ..."""
    make_block = _BLOCK_MAKERS[table](seed)
    for first in range(0, rows, BLOCK):
        yield make_block(first)[: rows - first]


def _random(seed: int, first: int, purpose: str) -> Random:
    """A sequence of its own for each block and purpose; text seeds are hashed alike on every machine."""
    return Random(f"{seed}/{first}/{purpose}")  # noqa: S311 - reproducible, not secret


class Moments(NamedTuple):
    """The values that the three tables of a block share: the post's time, its user's joining, and repeats."""

    posted: list[datetime]
    joined: list[datetime]
    repeats: list[int]


def _moments(seed: int, first: int) -> Moments:
    random = _random(seed, first, "moments")
    posted = [_between(random, FIRST_POST, LAST_POST) for _ in range(BLOCK)]
    joined = [_between(random, FIRST_JOIN, min(LAST_JOIN, post)) for post in posted]
    repeats = [place for place in range(1, BLOCK) if random.random() < _REPEATED]
    return Moments(posted, joined, repeats)


def _between(random: Random, start: datetime, end: datetime) -> datetime:
    return start + timedelta(seconds=random.randrange(int((end - start).total_seconds()) + 1))


def _again(rows: list[Row], key: str, repeats: list[int]) -> list[Row]:
    """The rows, those at `repeats` made equal to the row before them in all but the key."""
    for place in repeats:
        rows[place] = replace(rows[place - 1], **{key: getattr(rows[place], key)})
    return rows


def _pins(first: int, seed: int, pools: Pools) -> list[Row]:
    random = _random(seed, first, "pin")
    kinds = random.choices(_KINDS, cum_weights=_KIND_WEIGHTS, k=BLOCK)
    categories = random.choices(CATEGORIES, cum_weights=_CATEGORY_WEIGHTS, k=BLOCK)
    posters = random.choices(pools.posters, k=BLOCK)
    posts = enumerate(zip(kinds, categories, posters, strict=True), start=first)
    pins: list[Row] = [
        _pin(random, index, kind, category, poster, pools.texts[category])
        for index, (kind, category, poster) in posts
    ]
    return _again(pins, "index", _moments(seed, first).repeats)


def _pin(random: Random, index: int, kind: str, category: str, poster: Poster, texts: Texts) -> Row:  # noqa: PLR0913, PLR0917
    broken = kind == _BROKEN
    downloaded = not broken and random.random() >= _NO_IMAGE
    return ROW_TYPES["pin"](
        index=index,
        unique_id=_unique_id(random),
        title=_title(random, broken, texts),
        description=_description(random, kind, texts),
        poster_name=USER_ERROR if broken else poster.name,
        follower_count=USER_ERROR if broken else poster.follower_count,
        tag_list=NO_TAGS if broken or random.random() < _NO_TAGS else random.choice(texts.tag_lists),
        is_image_or_video="image" if broken else kind,
        image_src=_image_src(random, kind) if downloaded else NO_IMAGE,
        downloaded=int(downloaded),
        save_location=f"Local save in /data/{category}",
        category=category,
    )


def _unique_id(random: Random) -> str:
    """A version 4 UUID."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _title(random: Random, broken: bool, texts: Texts) -> str:
    if broken:
        return NO_TITLE
    return "" if random.random() < _EMPTY_TITLE else random.choice(texts.titles)


def _description(random: Random, kind: str, texts: Texts) -> str:
    if kind == STORY:
        return STORY_DESCRIPTION
    if kind == _BROKEN or random.random() < _NO_DESCRIPTION:
        return NO_DESCRIPTION
    return random.choice(texts.descriptions)


def _image_src(random: Random, kind: str) -> str:
    digits = f"{random.getrandbits(128):032x}"
    folder = "videos/thumbnails/originals" if kind == "video" else "originals"
    return f"https://i.pinimg.com/{folder}/{digits[:2]}/{digits[2:4]}/{digits[4:6]}/{digits}.jpg"


def _geos(first: int, seed: int) -> list[Row]:
    random = _random(seed, first, "geo")
    moments = _moments(seed, first)
    countries = random.choices(COUNTRIES, cum_weights=_COUNTRY_WEIGHTS, k=BLOCK)
    posts = enumerate(zip(moments.posted, countries, strict=True), start=first)
    geos: list[Row] = [
        ROW_TYPES["geo"](
            ind=ind,
            timestamp=posted,
            latitude=_degrees(random, 90),
            longitude=_degrees(random, 180),
            country=country,
        )
        for ind, (posted, country) in posts
    ]
    return _again(geos, "ind", moments.repeats)


def _degrees(random: Random, limit: int) -> float:
    """Six significant digits, as the real ones have."""
    return float(f"{random.uniform(-limit, limit):.6g}")


def _users(first: int, seed: int) -> list[Row]:
    random = _random(seed, first, "user")
    moments = _moments(seed, first)
    names = zip(
        random.choices(FIRST_NAMES, cum_weights=_FIRST_NAME_WEIGHTS, k=BLOCK),
        random.choices(LAST_NAMES, cum_weights=_LAST_NAME_WEIGHTS, k=BLOCK),
        random.choices(_AGES, cum_weights=_AGE_WEIGHTS, k=BLOCK),
        moments.joined,
        strict=True,
    )
    posts = enumerate(names, start=first)
    users: list[Row] = [
        ROW_TYPES["user"](ind=ind, first_name=first_name, last_name=last_name, age=age, date_joined=joined)
        for ind, (first_name, last_name, age, joined) in posts
    ]
    return _again(users, "ind", moments.repeats)


# By table and seed, what makes the block of posts that begins with the given one.
_BLOCK_MAKERS: dict[Table, Callable[[int], Callable[[int], list[Row]]]] = {
    "pin": lambda seed: partial(_pins, seed=seed, pools=make_pools(seed)),
    "geo": lambda seed: partial(_geos, seed=seed),
    "user": lambda seed: partial(_users, seed=seed),
}
