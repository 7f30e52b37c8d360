"""The data source for `spark.dataSource.register`."""

from pyspark.sql.datasource import DataSource
from pyspark.sql.types import StructType

from .errors import OptionError
from .options import parse_options
from .readers import KinesisBatchReader, KinesisStreamReader
from .records import COLUMNS


class KinesisDataSource(DataSource):
    """`format("kinesis")`, for `spark.readStream` and `spark.read`."""

    @classmethod
    def name(cls) -> str:
        """The format's name."""
        return "kinesis"

    def schema(self) -> StructType:
        """The columns, whatever the options."""
        return COLUMNS

    def streamReader(self, schema: StructType) -> KinesisStreamReader:  # noqa: N802 - Spark's name
        """A reader of a streaming query, which starts at the stream's latest record unless told otherwise.

        Raises:
            OptionError: an option or the schema is wrong.
        """
        _check_schema(schema)
        return KinesisStreamReader(parse_options(self.options, default_position="latest"))

    def reader(self, schema: StructType) -> KinesisBatchReader:
        """A reader of a batch, which starts at the stream's oldest record unless told otherwise.

        Raises:
            OptionError: an option or the schema is wrong.
        """
        _check_schema(schema)
        options = parse_options(self.options, default_position="trim_horizon")
        if options.initial_position == "latest":
            raise OptionError("option initialPosition: expected another one than latest, which reads nothing")
        return KinesisBatchReader(options)


def _check_schema(schema: StructType) -> None:
    if schema != COLUMNS:
        raise OptionError(f"the columns of a Kinesis stream are {COLUMNS.simpleString()}; do not give others")
