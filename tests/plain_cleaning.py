"""The cleaning rules in plain Python, for rows of the source tables: what the pipeline's result is checked against.

Written from the rules, not from spark_jobs.cleaning; it covers what the source tables can hold.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from contracts.tables import Table
from tests.cleaned_rows import Geo, Pin, User

SENTINELS = {
    "User Info Error",
    "No description available Story format",
    "No description available",
    "No Title Data Available",
    "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e",
    "No Tags Available",
    "Image src error.",
}
SCALES = {"": 1, "k": 1_000, "m": 1_000_000}


def text(value: object) -> str | None:
    """A text without blanks around it and control characters in it; None where it says nothing."""
    if value is None or value in SENTINELS:
        return None
    spaced = re.sub(r"[\r\n\t]+", " ", str(value))
    kept = "".join(letter for letter in spaced if unicodedata.category(letter) != "Cc")
    trimmed = kept.strip()
    return None if not trimmed or trimmed in SENTINELS else trimmed


def followers(value: object) -> int | None:
    """`12k` and the like as a number."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", (text(value) or "").lower())
    if match is None:
        return None
    number = Decimal(match[1]) * SCALES[match[2]]
    return int(number) if number == int(number) and number < 2**63 else None


def tags(value: object) -> str | None:
    """A tag list without # and commas between all its characters."""
    found = text(value)
    return found and text(found.replace("#", ""))


def path(value: object) -> str | None:
    """The path alone."""
    found = text(value)
    return found and found.removeprefix("Local save in ").strip()


def utc(value: datetime | None) -> datetime | None:
    """A time of the source, which is in UTC."""
    return value and value.replace(tzinfo=UTC)


def pin(row: dict[str, Any]) -> Pin:
    """A row of pinterest_data, cleaned."""
    texts = ("title", "description", "poster_name", "is_image_or_video", "image_src", "category")
    return Pin(
        ind=row["index"],
        unique_id=text(row["unique_id"]),
        follower_count=followers(row["follower_count"]),
        tag_list=tags(row["tag_list"]),
        save_location=path(row["save_location"]),
        **{name: text(row[name]) for name in texts},
    )


def geo(row: dict[str, Any]) -> Geo:
    """A row of geolocation_data, cleaned."""
    coordinates = [row["latitude"], row["longitude"]]
    return Geo(
        ind=row["ind"],
        country=text(row["country"]),
        coordinates=None if None in coordinates else coordinates,
        timestamp=utc(row["timestamp"]),
    )


def user(row: dict[str, Any]) -> User:
    """A row of user_data, cleaned."""
    names = [name for name in (text(row["first_name"]), text(row["last_name"])) if name]
    return User(
        ind=row["ind"],
        user_name=" ".join(names) or None,
        age=row["age"],
        date_joined=utc(row["date_joined"]),
    )


CLEAN: dict[Table, Callable[[dict[str, Any]], Pin | Geo | User]] = {"pin": pin, "geo": geo, "user": user}
