"""The store of Delta's log on local files; tests/integration/workspace has it on S3."""

from pathlib import Path

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from tests.jvm import LogStore
from workspace.log_store import provide_log_store


@pytest.mark.parametrize("scheme", ["file:", "dbfs:"])
def test_second_commit_of_a_version_is_refused(notebook_spark: SparkSession, dbfs: Path, scheme: str) -> None:
    folder = dbfs if scheme == "file:" else Path("/")
    provide_log_store(notebook_spark)
    (dbfs / "table" / "_delta_log").mkdir(parents=True)
    store, path = LogStore(notebook_spark), f"{scheme}{folder}/table/_delta_log/0.json".replace("//", "/")
    store.write(path, ["first", "line"])
    with pytest.raises(Py4JJavaError, match=r"java\.nio\.file\.FileAlreadyExistsException"):
        store.write(path, ["second"])
    assert (dbfs / "table" / "_delta_log" / "0.json").read_text() == "first\nline\n"
    store.write(path, ["third"], overwrite=True)
    assert (dbfs / "table" / "_delta_log" / "0.json").read_text() == "third\n"
