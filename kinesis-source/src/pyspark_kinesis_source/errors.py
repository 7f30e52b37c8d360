"""The errors that the source raises, beside boto3's own errors."""


class OptionError(ValueError):
    """An option is missing, unknown or wrong; the message names it and what is expected."""


class DataLossError(RuntimeError):
    """Records that the query should have read are gone from Kinesis."""


class GoneError(Exception):
    """A cursor's position is not in the shard any more, or the shard not in the stream."""
