"""The calls of AWS that a program makes, as IAM knows them: a server before LocalStack tells them from the requests."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.forwarding_server import Answer, ForwardingServer, Request

# LocalStack's account, and the region of the tests' settings.
ACCOUNT, REGION = "000000000000", "us-east-1"
# No calls of AWS: LocalStack's own pages, and the invoke URLs of APIs.
_NOT_AWS = ("/_localstack/", "/_aws/")
# Of what a Kinesis call names a stream by, those that an earlier answer gave out.
_HANDLES = ("ShardIterator", "NextToken")


class Call(NamedTuple):
    """An action, and the ARN of what it is on."""

    action: str
    resource: str


class CallRecorder(ForwardingServer):
    """Passes requests on to LocalStack, and adds the calls that they are to `calls`."""

    def __init__(self, target: str, calls: set[Call]) -> None:
        super().__init__(target)
        self._calls = calls
        self._streams: dict[str, str] = {}

    def answer(self, request: Request) -> Answer:
        """Note the request's calls, and what its answer gives out for a stream."""
        answer = self.forward(request)
        if target := _header(request, "X-Amz-Target"):
            self._note_kinesis(target.rpartition(".")[2], json.loads(request.body), answer)
        elif not request.path.startswith(_NOT_AWS):
            self._calls |= {*_calls(request)}
            self._calls |= {*_to_be_told_that_it_is_missing(request, answer)}
        return answer

    def _note_kinesis(self, action: str, asked: Mapping[str, str], answer: Answer) -> None:
        handles = [self._streams[asked[name]] for name in _HANDLES if name in asked]
        stream = asked.get("StreamName") or (handles[0] if handles else None)
        self._calls.add(Call(f"kinesis:{action}", stream_arn(stream) if stream else "*"))
        given = json.loads(answer.body) if answer.status == 200 and answer.body else {}
        for name in (*_HANDLES, "NextShardIterator"):
            if stream and name in given:
                self._streams[given[name]] = stream


def stream_arn(name: str) -> str:
    """Return the ARN of a stream."""
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"


def _header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")


def _calls(request: Request) -> Iterator[Call]:
    path = unquote(urlsplit(request.path).path)
    if path.startswith("/restapis"):
        yield Call(f"apigateway:{request.method}", f"arn:aws:apigateway:{REGION}::{path}")
        # Whoever gives API Gateway a role to call others with has to be allowed to pass it on.
        roles = {match.decode() for match in re.findall(rb'"credentials": ?"([^"]+)"', request.body)}
        yield from (Call("iam:PassRole", role) for role in roles)
    else:
        bucket, _, key = path.removeprefix("/").partition("/")
        query = parse_qs(urlsplit(request.path).query, keep_blank_values=True)
        yield from _of_object(request, bucket, key, query) if key else _of_bucket(request, bucket, query)


def _to_be_told_that_it_is_missing(request: Request, answer: Answer) -> Iterator[Call]:
    """S3 answers 403, not 404, where the caller may not list the bucket."""
    bucket, _, key = urlsplit(request.path).path.removeprefix("/").partition("/")
    if key and answer.status == 404 and request.method in {"GET", "HEAD"} and bucket != "restapis":
        yield Call("s3:ListBucket", f"arn:aws:s3:::{bucket}")


def _of_bucket(request: Request, bucket: str, query: Mapping[str, Any]) -> Iterator[Call]:
    arn = f"arn:aws:s3:::{bucket}"
    match request.method:
        case "GET" if "location" in query:
            yield Call("s3:GetBucketLocation", arn)
        case "GET" if "uploads" in query:
            yield Call("s3:ListBucketMultipartUploads", arn)
        case "GET" | "HEAD":
            yield Call("s3:ListBucket", arn)
        case "PUT":
            yield Call("s3:CreateBucket", arn)
        case "POST" if "delete" in query:
            for key in re.findall("<Key>(.*?)</Key>", request.body.decode()):
                yield Call("s3:DeleteObject", f"{arn}/{key}")
        case _:
            raise ValueError(f"not known as a call of S3: {request.method} {request.path}")


def _of_object(request: Request, bucket: str, key: str, query: Mapping[str, Any]) -> Iterator[Call]:
    arn = f"arn:aws:s3:::{bucket}/{key}"
    if source := _header(request, "x-amz-copy-source"):
        yield Call("s3:GetObject", f"arn:aws:s3:::{unquote(source).removeprefix('/')}")
    if request.method == "DELETE" and "uploadId" in query:
        yield Call("s3:AbortMultipartUpload", arn)
        return
    actions = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}
    yield Call(f"s3:{actions[request.method]}Object", arn)
