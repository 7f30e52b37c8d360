"""The landing zone in S3: a chain of objects per partition, of which the bucket is the only record.

Exactly once, and why two writers cannot overlap
------------------------------------------------
Each object has a start s, which is in its key, and an end e, which is in its metadata (`next-offset`): it holds
the records of offsets s..e-1. The rules, which `LandingZone` enforces by its interface (`append` needs a
`PartitionEnd`, and only `tail` and `append` make one):

1. An object is put under `If-None-Match: *`: of all puts at one start ever sent, one succeeds.
2. An object is put at s only if s is 0, or an object that ends at s has been seen in the bucket.
3. A put whose outcome is unknown (time-out, 500) counts as unseen: the bucket is read again.
4. No object is rewritten or deleted.

Claim: the objects of a partition are a chain 0..a, a..b, b..c without gap, overlap or branch. By induction over
the successful puts: let the bucket hold the chain up to e, and let a put at s succeed. By rule 2, s is 0 or the
end of some object, so it is one of 0, a, b, ..., e. By rule 4, whatever was seen is still there. At each of these
but e an object starts already, so by rule 1 the put would have failed. Hence s = e, and the chain grows at its end.

Nothing here depends on time, leases or the consumer group: a writer that was paused for a day, with its partition
long given to another, can only win the race for the chain's end, with the records that belong there, or lose and
read the bucket again. Two writers may cut objects at different lengths; the winner's cut is the one that counts.
Objects of a partition therefore also appear in the order of their keys.

Gaps. Offsets are not always dense: retention or DeleteRecords removes the oldest, compaction and transaction
markers leave holes. "After s comes n" is a link of the chain like any other, or two writers could cross a hole
differently: an empty object at s that ends at n. So all chains start at 0, also where Kafka's first offset is not.

A lost bucket breaks rule 4. Before each put its predecessor is asked for, and every few seconds that of an idle
partition: if it is gone, or ends elsewhere, the bucket is read again, from nothing if need be. What remains: a
bucket that is deleted, created anew and refilled to another cut, all of it between that question and the put.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.clients import s3_client
from common.settings import Settings
from contracts.landing import NEXT_OFFSET, newest_start, object_key, object_prefix
from services.provision.bucket import ensure_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A post has a kilobyte; an object has up to 8 MiB, which a partition that opens need not read for its last line.
_LINE_BYTES = 64 * 1024
# An object of 8 MiB takes LocalStack under a second; ten times that is a server that hangs. One attempt: the sink
# itself waits and reads the bucket again, which botocore's own repetition would not.
_CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})


class StaleEnd(Exception):  # noqa: N818 - an answer rather than an error
    """The bucket is not as the `PartitionEnd` says: another writer was there, or the bucket was lost. Read it again."""


class Unavailable(Exception):  # noqa: N818
    """S3 does not answer, or not with sense."""


class PartitionEnd(NamedTuple):
    """The end of a partition's chain: the newest object's start (None: no object yet) and end."""

    start: int | None
    next: int


class LandingZone:
    """The landing zone of a bucket; every method may raise `Unavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._s3: S3Client = s3_client(settings, _CONFIG)

    def tail(self, topic: str, partition: int) -> PartitionEnd:
        """The end of the partition's chain, from the bucket; a missing bucket is created.

        Raises:
            ValueError: there is an object among the partition's that the sink did not write.
        """

        def list_after(key: str) -> tuple[list[str], bool]:
            page = self._s3.list_objects_v2(
                Bucket=self._bucket, Prefix=object_prefix(topic, partition), StartAfter=key
            )
            return [item["Key"] for item in page.get("Contents", [])], page["IsTruncated"]

        with _errors():
            try:
                start = newest_start(topic, partition, list_after)
            except self._s3.exceptions.NoSuchBucket:
                ensure_bucket(self._settings, self._s3)
                start = None
            return (
                PartitionEnd(None, 0)
                if start is None
                else PartitionEnd(start, self._end(topic, partition, start))
            )

    def last_line(self, topic: str, partition: int, tail: PartitionEnd) -> bytes | None:
        """Return the line of the offset before the tail's end, None where none has landed there.

        Raises:
            StaleEnd: the tail's object is gone.
        """
        if tail.start is None:
            return None
        with _errors():
            key = object_key(topic, partition, tail.start)
            body = self._last_bytes(key, _LINE_BYTES)
            if len(body) == _LINE_BYTES and b"\n" not in body[:-1]:  # the line may begin before them
                body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return body[body.rfind(b"\n", 0, -1) + 1 :] or None

    def _last_bytes(self, key: str, count: int) -> bytes:
        """Return an object's last bytes, all that it has where these are fewer."""
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=-{count}")["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # it has none
                return b""
            raise

    def confirm(self, topic: str, partition: int, tail: PartitionEnd) -> None:
        """Return if the tail's object is there and ends where the tail says.

        Raises:
            StaleEnd: it is not.
        """
        if tail.start is None:
            return
        with _errors():
            end = self._end(topic, partition, tail.start)
        if end != tail.next:
            raise StaleEnd(f"{object_key(topic, partition, tail.start)} ends at {end}, not at {tail.next}")

    def append(self, topic: str, partition: int, tail: PartitionEnd, body: bytes, end: int) -> PartitionEnd:
        """Put the object of the offsets tail.next..end-1 and return the new tail.

        Raises:
            StaleEnd: the tail is not the end of the chain.
        """
        self.confirm(topic, partition, tail)
        with _errors():
            self._s3.put_object(
                Bucket=self._bucket,
                Key=object_key(topic, partition, tail.next),
                Body=body,
                ContentType="application/x-ndjson",
                Metadata={NEXT_OFFSET: str(end)},
                IfNoneMatch="*",
            )
        return PartitionEnd(tail.next, end)

    def _end(self, topic: str, partition: int, start: int) -> int:
        """The end of an object; one without metadata (copied by hand) has its lines counted."""
        key = object_key(topic, partition, start)
        metadata = self._s3.head_object(Bucket=self._bucket, Key=key)["Metadata"]
        if NEXT_OFFSET in metadata:
            return int(metadata[NEXT_OFFSET])
        lines = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().count(b"\n")
        if not lines:
            raise ValueError(f"{key} is empty and does not say which offset comes next")
        return start + lines


# 412 and 409 answer a conditional put that lost; 404 is HEAD's only word for a lost object or bucket.
_MOVED = {
    "PreconditionFailed",
    "ConditionalRequestConflict",
    "NoSuchBucket",
    "NoSuchKey",
    "404",
    "412",
    "409",
}


@contextmanager
def _errors() -> Iterator[None]:
    """S3's errors as the two that the sink tells apart."""
    try:
        yield
    except ClientError as error:
        kind = StaleEnd if error.response["Error"]["Code"] in _MOVED else Unavailable
        raise kind(str(error)) from error
    except BotoCoreError as error:
        raise Unavailable(str(error)) from error
