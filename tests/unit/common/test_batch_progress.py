"""The batch job's progress is read as it was stored; an earlier version's says where its tables are."""

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common.batch_progress import FORM, KEY, Position, Progress, load, save


@pytest.mark.parametrize(
    ("form", "outdated", "layer"),
    [(1, True, "transformed"), (2, False, "transformed"), (FORM, False, "cleaned")],
)
def test_the_form_says_where_the_tables_are_and_whether_to_rebuild_them(
    form: int, outdated: bool, layer: str
) -> None:
    progress = Progress(form=form)
    assert (progress.is_outdated, progress.layer) == (outdated, layer)


class Bucket:
    """The bucket `b` in S3, or the error with which S3 answers."""

    def __init__(self, error: str = "") -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.error = error

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        self.objects[Bucket, Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if error := self.error or ("" if (Bucket, Key) in self.objects else "NoSuchKey"):
            raise ClientError({"Error": {"Code": error}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Bucket, Key])}


@pytest.mark.parametrize("replacing", [False, True])
def test_progress_is_read_as_it_was_stored_and_is_of_the_present_form(replacing: bool) -> None:
    bucket = Bucket()
    stored = Progress({"t.pin": {0: Position("key", 7)}}, replacing=replacing)
    save(bucket, "b", stored)  # type: ignore[arg-type]
    assert [*bucket.objects] == [("b", KEY)]
    assert load(bucket, "b") == Progress(stored.positions, replacing, FORM)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", ["NoSuchKey", "NoSuchBucket"])
def test_without_the_object_or_its_bucket_there_is_no_progress(error: str) -> None:
    assert load(Bucket(error), "b") is None  # type: ignore[arg-type]


def test_that_s3_refuses_is_not_taken_for_no_progress() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        load(Bucket("AccessDenied"), "b")  # type: ignore[arg-type]
