"""The rules of each table: how its columns are made, when a record is refused and when it is warned of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pyspark.sql import Column
from pyspark.sql import functions as F

from services.common.settings import Table
from spark_jobs.cleaning import text, values

Columns = dict[str, Column]


@dataclass(frozen=True)
class Rules:
    """What is done with the texts of a parsed record.

    Each step sees the columns of the steps before it (see `at`) and is evaluated once: Spark does not
    inline what is used more than once into the next step.
    """

    texts: tuple[str, ...]
    steps: tuple[Columns, ...]
    row: Columns
    reasons: Columns = field(default_factory=dict)
    warnings: Columns = field(default_factory=dict)


def at(name: str) -> Column:
    """The column that a step made."""
    return F.col(step_name(name))


def step_name(name: str) -> str:
    """How a step's column is called while it stands beside the caller's columns."""
    return f"__{name}"


def pin() -> Rules:
    """Posts."""
    texts = (
        "unique_id",
        "title",
        "description",
        "follower_count",
        "poster_name",
        "tag_list",
        "is_image_or_video",
        "image_src",
        "save_location",
        "category",
    )
    return Rules(
        texts=texts,
        steps=(
            {"tag_list": text.tags(at("tag_list")), "save_location": text.path(at("save_location"))},
            {
                "tag_list": text.known(at("tag_list")),
                "save_location": text.known(at("save_location")),
                "followers": values.count(at("follower_count")),
            },
        ),
        row=_same(texts) | {"follower_count": at("followers")},
        warnings={
            "follower_count_unreadable": at("follower_count").isNotNull() & at("followers").isNull(),
        },
    )


def geo() -> Rules:
    """Where and when a post was made."""
    latitude, longitude = at("latitude_degrees"), at("longitude_degrees")
    return Rules(
        texts=("timestamp", "latitude", "longitude", "country"),
        steps=(
            {
                "latitude_degrees": values.number(at("latitude")),
                "longitude_degrees": values.number(at("longitude")),
                "time": values.instant(at("timestamp")),
            },
        ),
        row={
            "country": at("country"),
            "coordinates": F.when(latitude.isNotNull() & longitude.isNotNull(), F.array(latitude, longitude)),
            "timestamp": at("time"),
        },
        reasons={
            "latitude_unreadable": at("latitude").isNotNull() & latitude.isNull(),
            "latitude_out_of_range": ~latitude.between(-90, 90),
            "longitude_unreadable": at("longitude").isNotNull() & longitude.isNull(),
            "longitude_out_of_range": ~longitude.between(-180, 180),
            "timestamp_unreadable": at("timestamp").isNotNull() & at("time").isNull(),
        },
    )


def user() -> Rules:
    """Who made a post."""
    name = F.nullif(F.concat_ws(" ", at("first_name"), at("last_name")), F.lit(""))
    is_integer = values.is_integer(at("age"))
    in_range = F.coalesce(at("years").between(0, 150), F.lit(False))
    return Rules(
        texts=("first_name", "last_name", "age", "date_joined"),
        steps=(
            {
                "user_name": name,
                "years": values.integer(at("age")),
                "time": values.instant(at("date_joined")),
            },
        ),
        row={
            "user_name": text.known(at("user_name")),
            "age": at("years"),
            "date_joined": at("time"),
        },
        reasons={
            "age_unreadable": ~is_integer,
            "age_out_of_range": is_integer & ~in_range,
            "date_joined_unreadable": at("date_joined").isNotNull() & at("time").isNull(),
        },
    )


def _same(names: Iterable[str]) -> Columns:
    return {name: at(name) for name in names}


RULES: dict[Table, Callable[[], Rules]] = {"pin": pin, "geo": geo, "user": user}
