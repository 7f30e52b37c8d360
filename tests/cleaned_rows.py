"""Rows of the cleaned tables, and a generator whose few values make ties, even counts and edge cases frequent."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MICROSECOND = timedelta(microseconds=1)

# Small domains, so that counts tie and medians fall between two values.
COUNTRIES = (
    "Albania",
    "albania",
    "Åland Islands",
    "Côte d'Ivoire",
    "Antigua & Barbuda",
    "日本",
    "%s",
    "",
    None,
)
CATEGORIES = ("art", "travel", "diy-and-crafts", "l'art", "+50", "Ωmega", None)
POSTERS = ("Ann", "ann", "O'Brien \\ Sons", "Źródło", "🍕 pizza", "[bold]", None)
FOLLOWERS = (0, 1, 2, 999, 1000, 1001, 124_000, 3_000_000, 9_000_000_000, None)
AGES = (0, 17, 18, 24, 25, 35, 36, 50, 51, 150, None)


class Pin(NamedTuple):
    """A row of the table pin."""

    ind: int
    unique_id: str | None = None
    title: str | None = None
    description: str | None = None
    follower_count: int | None = None
    poster_name: str | None = None
    tag_list: str | None = None
    is_image_or_video: str | None = None
    image_src: str | None = None
    save_location: str | None = None
    category: str | None = None


class Geo(NamedTuple):
    """A row of the table geo."""

    ind: int
    country: str | None = None
    coordinates: list[float] | None = None
    timestamp: datetime | None = None


class User(NamedTuple):
    """A row of the table users."""

    ind: int
    user_name: str | None = None
    age: int | None = None
    date_joined: datetime | None = None


class Rows(NamedTuple):
    """The rows of the three tables, each with distinct ind."""

    pins: Sequence[Pin]
    geos: Sequence[Geo]
    users: Sequence[User]


def around_new_year(years: Sequence[int]) -> tuple[datetime | None, ...]:
    """The last and first moments of the years, hours around them, a summer's day, the ends of time, and none."""
    turns = [datetime(year, 1, 1, tzinfo=UTC) for year in years]
    steps = (-MICROSECOND, timedelta(0), timedelta(hours=-7), timedelta(hours=13), timedelta(days=180))
    ends = (each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max))
    return (*(turn + step for turn in turns for step in steps), *ends, None)


POST_TIMES = around_new_year([2018, 2019, 2020, 2022, 2023])
JOIN_TIMES = around_new_year([2015, 2016, 2017, 2020, 2021])


def generate(random_: random.Random, inds: Sequence[int]) -> Rows:
    """Rows for these numbers; now and then a table lacks one."""
    some = [[ind for ind in inds if random_.random() < 0.95] for _ in range(3)]
    pick = random_.choice
    return Rows(
        [
            Pin(i, follower_count=pick(FOLLOWERS), poster_name=pick(POSTERS), category=pick(CATEGORIES))
            for i in some[0]
        ],
        [Geo(i, pick(COUNTRIES), [0.5, -0.5], pick(POST_TIMES)) for i in some[1]],
        [User(i, pick(POSTERS), pick(AGES), pick(JOIN_TIMES)) for i in some[2]],
    )
