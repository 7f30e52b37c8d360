"""%sql: statements that Spark itself parts, the last result in `_sqldf`."""

import re
from collections.abc import Callable, Iterator, Mapping

from pyspark.sql import DataFrame, SparkSession

_WIDGET = re.compile(r"\$\{(?P<braced>\w+)\}|\$(?P<plain>[A-Za-z_]\w*)")


def run_sql(
    spark: SparkSession, text: str, widgets: Mapping[str, str], show: Callable[[DataFrame], object]
) -> DataFrame | None:
    """Run a cell's statements, show each result that has columns, and return the last of them."""
    last = None
    for statement in split_statements(spark, with_widgets(text, widgets)):
        result = spark.sql(statement, args=markers(statement, widgets) or None)
        if result.columns:
            show(result)
            last = result
    return last


def split_statements(spark: SparkSession, text: str) -> Iterator[str]:
    """Yield the statements between semicolons, by Spark's rules for texts, quoted names and comments."""
    jvm = spark.sparkContext._jvm
    if jvm is None:
        raise RuntimeError("the Spark session has ended")
    # What spark-sql does; a notebook is not to differ from it.
    found = jvm.org.apache.spark.sql.catalyst.util.StringUtils.splitSemiColonWithIndex(text, True)
    yield from (found.apply(index).strip() for index in range(found.size()))


def with_widgets(text: str, widgets: Mapping[str, str]) -> str:
    """Return the text with the values of widgets in place of `$name` and `${name}`; other names stay."""

    def value(match: re.Match[str]) -> str:
        return widgets.get(match["braced"] or match["plain"], match[0])

    return _WIDGET.sub(value, text)


def markers(statement: str, widgets: Mapping[str, str]) -> dict[str, str]:
    """Return the widgets that the statement names as parameters, `:name`."""
    named = set(re.findall(r"(?<!:):([A-Za-z_]\w*)", statement))
    return {name: value for name, value in widgets.items() if name in named}
