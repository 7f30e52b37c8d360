"""The nine answers in plain Python, computed from cleaned rows: what the SQL in sql/queries/ is checked against."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.cleaned_rows import Geo, Pin, User

Row = tuple[Any, ...]

AGE_GROUPS = ("18-24", "25-35", "36-50", "+50")  # from the youngest to the oldest
POST_YEARS = range(2018, 2023)
JOIN_YEARS = range(2015, 2021)

COLUMNS = {
    1: ["country", "category", "category_count"],
    2: ["post_year", "category", "category_count"],
    3: ["country", "poster_name", "follower_count"],
    4: ["country", "follower_count"],
    5: ["age_group", "category", "category_count"],
    6: ["age_group", "median_follower_count"],
    7: ["join_year", "number_users_joined"],
    8: ["join_year", "median_follower_count"],
    9: ["join_year", "age_group", "median_follower_count"],
}


def nine_answers(pins: Iterable[Pin], geos: Iterable[Geo], users: Iterable[User]) -> dict[int, list[Row]]:
    """Each query's rows, in the query's order. A table's rows have distinct ind."""
    geo_of = {geo.ind: geo for geo in geos}
    user_of = {user.ind: user for user in users}
    placed = [(pin, geo_of[pin.ind]) for pin in pins if pin.ind in geo_of]
    owned = [(pin, user_of[pin.ind]) for pin in pins if pin.ind in user_of]
    followed = most_followed(placed)
    by_age = [((age_group(user.age),), pin) for pin, user in owned]
    by_year = [((year(user.date_joined, JOIN_YEARS),), pin) for pin, user in owned]
    by_both = [((year(user.date_joined, JOIN_YEARS), age_group(user.age)), pin) for pin, user in owned]
    return {
        1: sorted(top((geo.country, pin.category) for pin, geo in placed)),
        2: sorted(top((year(geo.timestamp, POST_YEARS), pin.category) for pin, geo in placed)),
        3: followed,
        4: sorted({(row[0], row[2]) for row in followed if row[2] == max(other[2] for other in followed)}),
        5: youngest_first(sorted(top((age_group(user.age), pin.category) for pin, user in owned)), 0),
        6: youngest_first(medians(by_age), 0),
        7: joined(user_of.values()),
        8: sorted(medians(by_year)),
        9: sorted(youngest_first(medians(by_both), 1), key=lambda row: row[0]),
    }


def age_group(age: int | None) -> str | None:
    if age is None or age < 18:
        return None
    return AGE_GROUPS[(age > 24) + (age > 35) + (age > 50)]


def year(time: datetime | None, years: range) -> int | None:
    found = None if time is None else time.astimezone(UTC).year
    return found if found in years else None


def top(pairs: Iterable[tuple[object, str | None]]) -> list[Row]:
    """(group, category, count) of every category that no other of its group exceeds."""
    counts: dict[object, Counter[str]] = defaultdict(Counter)
    for group, category in pairs:
        if group is not None and category is not None:
            counts[group][category] += 1
    return [
        (group, category, count)
        for group, categories in counts.items()
        for category, count in categories.items()
        if count == max(categories.values())
    ]


def most_followed(placed: Iterable[tuple[Pin, Geo]]) -> list[Row]:
    known: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for pin, geo in placed:
        if geo.country is not None and pin.poster_name is not None and pin.follower_count is not None:
            known[geo.country].add((pin.follower_count, pin.poster_name))
    return sorted(
        (country, poster, count)
        for country, posters in known.items()
        for count, poster in posters
        if count == max(posters)[0]
    )


def medians(keyed: Iterable[tuple[Row, Pin]]) -> list[Row]:
    counts: dict[Row, list[int]] = defaultdict(list)
    for key, pin in keyed:
        if None not in key:
            counts[key] += [] if pin.follower_count is None else [pin.follower_count]
    return [(*key, median(values) if values else None) for key, values in counts.items()]


def joined(users: Iterable[User]) -> list[Row]:
    names: dict[int, set[str]] = defaultdict(set)
    for user in users:
        joining = year(user.date_joined, JOIN_YEARS)
        if joining is not None and user.user_name is not None:
            names[joining].add(user.user_name)
    return sorted((joining, len(found)) for joining, found in names.items())


def youngest_first(rows: Iterable[Row], column: int) -> list[Row]:
    return sorted(rows, key=lambda row: AGE_GROUPS.index(row[column]))
