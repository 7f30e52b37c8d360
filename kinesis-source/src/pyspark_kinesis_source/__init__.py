"""Kinesis as a Spark data source: `spark.dataSource.register(KinesisDataSource)`, then `format("kinesis")`.

README.md beside this file describes options, columns, guarantees and limits.
"""

from .errors import DataLossError, OptionError
from .lag import ShardLag, measure_lag
from .source import KinesisDataSource

__all__ = ["DataLossError", "KinesisDataSource", "OptionError", "ShardLag", "measure_lag"]
