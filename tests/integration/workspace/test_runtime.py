"""A notebook's session on the real S3 and Kinesis: paths, mounts, keys, tables, in a process as a kernel is one."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from common.clients import kinesis_client, s3_client
from common.settings import ROOT, Settings
from workspace.mounts import MountTable

# A start and its queries take 60 s on two idle cores; a busy machine took six times that.
RUN_SECONDS = 400
pytestmark = pytest.mark.timeout(RUN_SECONDS + 100)


@pytest.fixture(scope="module")
def localstack(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return LocalStack with a bucket and a workspace of this file's own."""
    return localstack.replace(USER_ID="runtime", STATE_DIR=tmp_path_factory.mktemp("runtime"))


@pytest.fixture(scope="module")
def found(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the notebook found."""
    s3 = s3_client(localstack)
    s3.create_bucket(Bucket=localstack.bucket)
    for topic in ("pin", "geo"):
        key = f"topics/{localstack.user_id}.{topic}/partition=0/{topic}+0+0000000000.json"
        s3.put_object(Bucket=localstack.bucket, Key=key, Body=b'{"n":1}\n{"n":2}\n')
    _stream(localstack)
    result = tmp_path_factory.mktemp("notebook") / "found.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.workspace.notebook", str(result)],
        cwd=ROOT,
        env=os.environ | localstack.environment() | {"SPARK_MASTER": "local[2]"},
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def _stream(settings: Settings) -> None:
    kinesis = kinesis_client(settings)
    kinesis.create_stream(StreamName="posts", ShardCount=1)
    # By itself boto3 looks again after 10 s; LocalStack's Kinesis takes half a second.
    kinesis.get_waiter("stream_exists").wait(StreamName="posts", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    kinesis.put_record(StreamName="posts", PartitionKey="1", Data=b'{"n":1}')


def test_the_course_s_credentials_are_there(found: dict[str, Any], localstack: Settings) -> None:
    assert found["key"] == localstack.aws.access_key_id
    assert found["secret"] == localstack.aws.secret_access_key.get_secret_value()
    assert found["header"].startswith("User name,Password,Access key ID,Secret access key")


def test_a_mounted_bucket_is_a_folder(found: dict[str, Any], localstack: Settings) -> None:
    folders = [f"dbfs:/mnt/posts/topics/{localstack.user_id}.{topic}/" for topic in ("geo", "pin")]
    assert found["listed"] == folders
    assert found["by mount"] == 4
    assert found["note"] == "a note"
    body = s3_client(localstack).get_object(Bucket=localstack.bucket, Key="notes/a.txt")["Body"].read()
    assert body == b"a note"
    assert "java.io.FileNotFoundException" in found["unmounted"]


def test_a_mount_lasts(found: dict[str, Any], localstack: Settings) -> None:
    assert found
    mounts = MountTable(localstack.state_dir / "workspace" / "mounts.json").read()
    assert {point: mount.source for point, mount in mounts.items()} == {
        "/mnt/kept": f"s3a://{localstack.bucket}/delta"
    }


def test_all_schemes_read_and_write(found: dict[str, Any]) -> None:
    assert found["by URL"] == [4, 4, 4]
    assert found["delta by mount"] == 5


def test_plain_python_and_pandas_use_dbfs_and_the_mounted_bucket(found: dict[str, Any]) -> None:
    assert found["pandas"] == [3, 3, 3, 3]
    assert found["walked"] == [["/dbfs/mnt/kept/plain", "moved.csv"]]
    assert found["above"] == ["kept"]
    assert found["exist"] == [True, True, False]


def test_semantics_are_databricks(found: dict[str, Any]) -> None:
    assert found["cast"] is None
    assert found["global"] == 2


def test_tables(found: dict[str, Any], localstack: Settings) -> None:
    assert (found["table"], found["copied"], found["format"]) == (3, 3, "delta")
    logs = s3_client(localstack).list_objects_v2(
        Bucket=localstack.bucket, Prefix="warehouse/0a1b_pin_table/_delta_log/"
    )
    assert logs["KeyCount"] > 0


def test_the_warehouse_is_the_catalogue(found: dict[str, Any]) -> None:
    assert found["made"] == [1, 2, 3]
    assert {"0a1b_pin_table", "0a1b_copy", "authentication_credentials"} <= {*found["known"]}
    assert found["dropped"]
    assert {"0a1b_pin_table/", "authentication_credentials/"} <= {*found["folders"]}
    assert "0a1b_copy/" not in found["folders"]


def test_session_that_runs_sees_what_another_one_makes_and_drops(found: dict[str, Any]) -> None:
    """Table and catalogue of the other one, by names of three parts; rows that both wrote."""
    assert found["seen by the other"] == [[3, 4]]
    assert found["dropped by the other"]


def test_views_and_tables_of_other_formats_are_shared_too(found: dict[str, Any]) -> None:
    assert found["view and leaf"] == [[42]]
    assert found["view dropped by the other"]


def test_of_two_that_create_one_table_one_is_refused(found: dict[str, Any]) -> None:
    assert len(found["contests"]) == 4
    for contest in found["contests"]:
        assert len(contest["told"]) == 1
        assert contest["rows"] == contest["told"] * 3


def test_second_commit_of_a_version_is_refused(found: dict[str, Any]) -> None:
    assert found["second commits"] == ["java.nio.file.FileAlreadyExistsException"] * 2
    assert found["first commits"] == ["first\n"] * 2


def test_the_prompt_shows_the_pipelines_tables_as_they_are_now(found: dict[str, Any]) -> None:
    assert found["views"] == ["cleaned_pin"]
    assert found["cleaned"] == 2


def test_kinesis_is_this_stack_s(found: dict[str, Any]) -> None:
    assert found["records"] == ['{"n":1}']
