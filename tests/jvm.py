"""Classes of the notebook runtime that only the JVM knows, called as Delta calls them."""

from collections.abc import Sequence
from typing import Any

from pyspark.sql import SparkSession

from workspace import log_store
from workspace.hadoop import hadoop_conf


class LogStore:
    """The store of Delta's log in which notebooks' commits are written."""

    def __init__(self, session: SparkSession) -> None:
        jvm: Any = session._jvm
        self._jvm = jvm
        self._conf = hadoop_conf(session)
        gateway: Any = session.sparkContext._gateway
        arguments = gateway.new_array(jvm.java.lang.Object, 1)
        arguments[0] = self._conf
        found = jvm.org.apache.spark.util.Utils.classForName(log_store.CLASS, True, True)
        self._store = found.getConstructors()[0].newInstance(arguments)

    def write(self, path: str, lines: Sequence[str], *, overwrite: bool = False) -> None:
        """Write a commit's lines; without overwrite the path must be free."""
        values = self._jvm.java.util.ArrayList()
        for line in lines:
            values.add(line)
        self._store.write(self._jvm.org.apache.hadoop.fs.Path(path), values.iterator(), overwrite, self._conf)
