"""The rules of each table: how its columns are made, when a record is refused and when it is warned of."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as fn

from contracts.tables import Table
from spark_jobs.cleaning import text, values

Columns = dict[str, Column]


# eq=False: each is itself alone, so that what is made from one can be kept by it; columns do not compare.
@dataclass(frozen=True, eq=False)
class Rules:
    """The rules that are applied to the tidy texts of a record.

    Attributes:
        texts: the source columns that are read.
        values: made from the tidy texts (`at` their names); those of a text's name take its place.
        row: the cleaned columns, the key apart, made from the values.
        reasons: codes of `reasons.REASONS` and when they hold.
        warnings: codes of `reasons.WARNINGS` and when they hold.
    """

    texts: tuple[str, ...]
    values: Columns
    row: Columns
    reasons: Columns = field(default_factory=dict)
    warnings: Columns = field(default_factory=dict)


def at(name: str) -> Column:
    """The text or value of a name, while it stands beside the caller's columns."""
    return fn.col(internal(name))


def internal(name: str) -> str:
    """Return the name under which `at` finds it."""
    return f"__{name}"


@cache
def pin() -> Rules:
    """Posts."""
    plain = ("unique_id", "title", "description", "poster_name", "is_image_or_video", "image_src", "category")
    served = (*plain, "tag_list", "save_location")
    return Rules(
        texts=(*served, "follower_count"),
        values=_known(*plain, "follower_count")
        | {
            "tag_list": text.tags(at("tag_list")),
            "save_location": text.path(at("save_location")),
            "followers": values.count(at("follower_count")),
        },
        row={name: at(name) for name in served} | {"follower_count": at("followers")},
        warnings={"follower_count_unreadable": at("follower_count").isNotNull() & at("followers").isNull()},
    )


@cache
def pin_downloaded() -> Rules:
    """Posts with `downloaded`, which the cleaned tables leave out."""
    post = pin()
    given, number = at("downloaded"), at("is_downloaded")
    return replace(
        post,
        texts=(*post.texts, "downloaded"),
        values=post.values | _known("downloaded") | {"is_downloaded": values.whole(given)},
        row=post.row | {"downloaded": number},
        warnings=post.warnings | {"downloaded_unreadable": given.isNotNull() & number.isNull()},
    )


@cache
def geo() -> Rules:
    """Return the rules for `geo`: the place and time of a post."""
    latitude, longitude = at("latitude_degrees"), at("longitude_degrees")
    both = latitude.isNotNull() & longitude.isNotNull()
    return Rules(
        texts=("timestamp", "latitude", "longitude", "country"),
        values=_known("timestamp", "latitude", "longitude", "country")
        | {
            "latitude_degrees": values.number(at("latitude")),
            "longitude_degrees": values.number(at("longitude")),
            "time": values.instant(at("timestamp")),
        },
        row={
            "country": at("country"),
            "coordinates": fn.when(both, fn.array(latitude, longitude)),
            "timestamp": at("time"),
        },
        reasons={
            "latitude_unreadable": at("latitude").isNotNull() & latitude.isNull(),
            "latitude_out_of_range": ~latitude.between(-90, 90),
            "longitude_unreadable": at("longitude").isNotNull() & longitude.isNull(),
            "longitude_out_of_range": ~longitude.between(-180, 180),
            "timestamp_unreadable": _is_unreadable("timestamp", "time"),
        },
    )


@cache
def user() -> Rules:
    """Return the rules for `user`: who made a post."""
    known_names = (text.known(at(name)) for name in ("first_name", "last_name"))
    return Rules(
        texts=("first_name", "last_name", "age", "date_joined"),
        values=_known("age", "date_joined")
        | {
            "full_name": fn.concat_ws(" ", *known_names),
            "is_age": values.is_integer(at("age")),
            "years": values.integer(at("age")),
            "time": values.instant(at("date_joined")),
        },
        row={"user_name": text.known(at("full_name")), "age": at("years"), "date_joined": at("time")},
        reasons={
            "age_unreadable": at("age").isNotNull() & ~at("is_age"),
            "age_out_of_range": at("is_age") & ~fn.coalesce(at("years").between(0, 150), fn.lit(False)),
            "date_joined_unreadable": _is_unreadable("date_joined", "time"),
        },
    )


def _known(*names: str) -> Columns:
    return {name: text.known(at(name)) for name in names}


def _is_unreadable(name: str, time: str) -> Column:
    return at(name).isNotNull() & ~fn.coalesce(values.is_served(at(time)), fn.lit(False))


RULES: dict[Table, Callable[[], Rules]] = {"pin": pin, "geo": geo, "user": user}
