"""The one declaration of each table: its source table's columns, its cleaned columns, its names and comments.

Everything else that depends on a table's columns is derived from here; docs/contracts.md describes the tables for
their users. How a record becomes a row stays code (`spark_jobs.cleaning.rules`), and so do the generated rows
(`services.source.generator`). docs/how-to/add-a-column.md and add-a-table.md walk through a change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

Table = Literal["pin", "geo", "user"]
"""A table's name in topics, streams, Delta and commands, in the order in which tables are shown and processed."""
TABLES: tuple[Table, ...] = get_args(Table)
OneTableOrAll = Literal["all", Table]

KEY = "ind"
"""The key of every cleaned table: one post is the row of one `ind` in each of them."""


class SourceType(StrEnum):
    """The content of a source column, as MySQL's type; all columns but the key may be null."""

    INTEGER = "INT"
    NUMBER = "DOUBLE"
    SHORT_TEXT = "VARCHAR(255)"
    TEXT = "TEXT"
    TIME = "DATETIME(6)"  # without a zone, and UTC; in JSON 2020-08-28T03:52:47


class Type(StrEnum):
    """The content of a cleaned column, as Postgres' type; all columns but the key may be null."""

    INTEGER = "integer"
    BIGINT = "bigint"
    DOUBLE = "double precision"
    DOUBLES = "double precision[]"
    TEXT = "text"
    TIME = "timestamptz"


@dataclass(frozen=True)
class SourceColumn:
    """A column of a source table, and the field of its records."""

    name: str
    type: SourceType


@dataclass(frozen=True)
class Column:
    """A column of a cleaned table.

    Attributes:
        name: in Postgres and Delta.
        type: what it holds.
        comment: what it means, for whoever queries it.
        elements: the names of the elements of a column of DOUBLES, all of which every value has.
    """

    name: str
    type: Type
    comment: str
    elements: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """A table from its source to where it is served.

    Attributes:
        source: the name of its source table, and of its file in SOURCE_DIR.
        source_columns: in order; the first one is the key.
        served: its name in Postgres' schemas batch, speed and serving.
        comment: what its rows say of posts.
        columns: the cleaned columns in order; the first one is the key.
    """

    source: str
    source_columns: tuple[SourceColumn, ...]
    served: str
    comment: str
    columns: tuple[Column, ...]

    @property
    def source_key(self) -> str:
        """The name of the source table's key."""
        return self.source_columns[0].name

    @property
    def source_names(self) -> tuple[str, ...]:
        """The names of the source columns, in order."""
        return tuple(column.name for column in self.source_columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the cleaned columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def compared(self) -> dict[str, Type]:
        """Return the columns that `make verify` compares between Delta and Postgres, one of DOUBLES by its elements."""
        return dict(part for column in self.columns for part in _parts(column))


def _parts(column: Column) -> Iterator[tuple[str, Type]]:
    if column.type == Type.DOUBLES:
        yield from ((element, Type.DOUBLE) for element in column.elements)
    else:
        yield column.name, column.type


_IND = Column(KEY, Type.INTEGER, "Number of the post, the same in pin, geo and users")

_PIN = Declaration(
    source="pinterest_data",
    source_columns=(
        SourceColumn("index", SourceType.INTEGER),
        SourceColumn("unique_id", SourceType.SHORT_TEXT),
        SourceColumn("title", SourceType.TEXT),
        SourceColumn("description", SourceType.TEXT),
        SourceColumn("poster_name", SourceType.TEXT),
        SourceColumn("follower_count", SourceType.SHORT_TEXT),
        SourceColumn("tag_list", SourceType.TEXT),
        SourceColumn("is_image_or_video", SourceType.SHORT_TEXT),
        SourceColumn("image_src", SourceType.TEXT),
        SourceColumn("downloaded", SourceType.INTEGER),
        SourceColumn("save_location", SourceType.TEXT),
        SourceColumn("category", SourceType.SHORT_TEXT),
    ),
    served="pin",
    comment="what was pinned, and by whom",
    columns=(
        _IND,
        Column("unique_id", Type.TEXT, "Identifier of the post at its source (a UUID as text)"),
        Column("title", Type.TEXT, "Title, on one line"),
        Column("description", Type.TEXT, "Description, on one line; long ones were cut at the source"),
        Column("follower_count", Type.BIGINT, "Followers of the poster; 124k at the source is 124000"),
        Column("poster_name", Type.TEXT, "Who posted; not the user of the table users"),
        Column("tag_list", Type.TEXT, "Tags, joined by commas, without #"),
        Column("is_image_or_video", Type.TEXT, "image, video or multi-video(story page format)"),
        Column("image_src", Type.TEXT, "Address of the image"),
        Column("save_location", Type.TEXT, "Path where the image was saved"),
        Column("category", Type.TEXT, "Category of the post, such as home-decor"),
    ),
)

_GEO = Declaration(
    source="geolocation_data",
    source_columns=(
        SourceColumn("ind", SourceType.INTEGER),
        SourceColumn("timestamp", SourceType.TIME),
        SourceColumn("latitude", SourceType.NUMBER),
        SourceColumn("longitude", SourceType.NUMBER),
        SourceColumn("country", SourceType.SHORT_TEXT),
    ),
    served="geo",
    comment="where and when",
    columns=(
        _IND,
        Column("country", Type.TEXT, "Country; unrelated to the coordinates at the source"),
        Column(
            "coordinates",
            Type.DOUBLES,
            "Latitude, longitude, in degrees; null unless both are known",
            elements=("latitude", "longitude"),
        ),
        Column("timestamp", Type.TIME, "When it was posted"),
    ),
)

_USER = Declaration(
    source="user_data",
    source_columns=(
        SourceColumn("ind", SourceType.INTEGER),
        SourceColumn("first_name", SourceType.SHORT_TEXT),
        SourceColumn("last_name", SourceType.SHORT_TEXT),
        SourceColumn("age", SourceType.INTEGER),
        SourceColumn("date_joined", SourceType.TIME),
    ),
    served="users",  # user is a reserved word of SQL
    comment="the user of each; one user has many posts",
    columns=(
        _IND,
        Column("user_name", Type.TEXT, "First and last name"),
        Column("age", Type.INTEGER, "Age in years, 0 to 150"),
        Column("date_joined", Type.TIME, "When the user joined"),
    ),
)

DECLARATIONS: dict[Table, Declaration] = {"pin": _PIN, "geo": _GEO, "user": _USER}
