"""The store of Delta's log on local files; tests/integration/workspace has it on S3."""

from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from tests.jvm import LogStore
from workspace import log_store
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


def test_its_folder_goes_with_spark(notebook_spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = log_store.jar_folder(notebook_spark)
    monkeypatch.setattr(log_store, "jar_folder", lambda _: folder)
    provide_log_store(notebook_spark)
    jvm: Any = notebook_spark._jvm
    assert [path.name for path in folder.iterdir()] == ["log-store.jar"]
    assert jvm.org.apache.spark.util.ShutdownHookManager.hasShutdownDeleteDir(jvm.java.io.File(str(folder)))
