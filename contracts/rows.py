"""The rows of the three source tables: the one list of their columns, in the tables' order.

Contract: the section "Source tables" of docs/contracts.md. The tables themselves are in sql/mysql/.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from contracts.tables import Table

# MySQL's INT.
Int = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
# DATETIME has no zone; times are UTC.
Timestamp = Annotated[datetime, Meta(tz=False)]


class Pin(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A post."""

    index: Int
    unique_id: str | None
    title: str | None
    description: str | None
    poster_name: str | None
    follower_count: str | None
    tag_list: str | None
    is_image_or_video: str | None
    image_src: str | None
    downloaded: Int | None
    save_location: str | None
    category: str | None


class Geo(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Where and when it was posted."""

    ind: Int
    timestamp: Timestamp | None
    latitude: float | None
    longitude: float | None
    country: str | None


class User(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Who posted it."""

    ind: Int
    first_name: str | None
    last_name: str | None
    age: Int | None
    date_joined: Timestamp | None


Row = Pin | Geo | User
ROW_TYPES: dict[Table, type[Row]] = {"pin": Pin, "geo": Geo, "user": User}
TABLE_NAMES: dict[Table, str] = {"pin": "pinterest_data", "geo": "geolocation_data", "user": "user_data"}


def columns(table: Table) -> tuple[str, ...]:
    """The table's columns in order; the first one is its key."""
    return ROW_TYPES[table].__struct_fields__
