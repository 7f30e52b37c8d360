"""Spark's Python daemon, with the libraries of our workers loaded once: each worker is a fork of it.

Without it every worker imports them by itself, which costs a second of CPU each time.
"""

import boto3  # noqa: F401 - loaded for the workers
import numpy  # noqa: F401 - loaded for the workers
import pyarrow.compute  # noqa: F401 - loaded for the workers
from pyspark.daemon import manager

if __name__ == "__main__":
    manager()
