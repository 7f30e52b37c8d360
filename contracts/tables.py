"""The three tables of the pipeline, by the names that topics, streams and Delta folders are called after."""

from typing import Literal

Table = Literal["pin", "geo", "user"]
OneTableOrAll = Literal["all", "pin", "geo", "user"]
TABLES: tuple[Table, ...] = ("pin", "geo", "user")
