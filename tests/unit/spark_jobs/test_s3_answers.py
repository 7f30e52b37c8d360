"""Errors of delta-rs tell what S3 has answered, not the first line of its XML."""

from spark_jobs.batch.steps import reason
from spark_jobs.sinks.s3_answers import in_words
from spark_jobs.streaming.runner import short

FULL = "exception while calling s3.PutObject: [Errno 28] No space left on device: '/tmp/x'"
REQUEST = f"PUT http://127.0.0.1:4566/bucket/{'k' * 300}"
REFUSED = f"""Generic S3 error: Error performing {REQUEST} in 2.3s, after 10 retries, max_retries: 10\
  - Server returned non-2xx status code: 500 Internal Server Error: <?xml version='1.0' encoding='utf-8'?>
<Error><Code>InternalError</Code><Message>{FULL.replace("'", "&apos;")}</Message>
<RequestId>1</RequestId></Error>"""
TOLD = f"Generic S3 error: {FULL} ({REQUEST})"


def test_a_refusal_is_told_in_words() -> None:
    assert in_words(REFUSED) == TOLD
    assert in_words(f"{REFUSED}\nand {REFUSED}.") == f"{TOLD}\nand {TOLD}."


def test_what_is_no_refusal_stays() -> None:
    for text in ("Error performing PUT http://x: <?xml version='1.0'?><Other/>", "a < b", ""):
        assert in_words(text) == text


def test_a_batch_run_and_a_streaming_query_end_with_it() -> None:
    assert reason(OSError(REFUSED)) == TOLD
    told = short(f"Traceback (most recent call last):\nOSError: {REFUSED}\n\n  at py4j")
    assert told.startswith(f"OSError: Generic S3 error: {FULL} (PUT http://")
