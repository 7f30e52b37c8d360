"""The boto3 client of a query, and which of its failures mean what."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import boto3
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import get_session

from .options import Options

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)
T = TypeVar("T")

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "LimitExceededException",
        "KMSThrottlingException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
    }
)
# A stream is in use while it is created or resharded.
_PASSING = frozenset(
    {"InternalFailure", "InternalFailureException", "ServiceUnavailable", "ResourceInUseException"}
)
GONE = frozenset(["ResourceNotFoundException", "InvalidArgumentException"])
EXPIRED_ITERATOR = "ExpiredIteratorException"
_SERVER_ERROR = 500

FIRST_DELAY_SECONDS = 0.2  # one of the 5 reads a second of a shard
_LONGEST_DELAY_SECONDS = 5.0


def make_client(options: Options) -> "KinesisClient":
    """A client with the options' keys or role, else with what boto3 finds by itself."""
    # A page is at most 10 MB; 30 s of silence means that the server is gone. Repeating is up to this package, which
    # goes on with the other shards meanwhile.
    config = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
    keys: dict[str, Any] = {
        "aws_access_key_id": options.access_key,
        "aws_secret_access_key": options.secret_key,
        "aws_session_token": options.session_token,
    }
    session = boto3.Session(region_name=options.region, **keys)
    if options.role_arn:
        session = _with_role(session, options)
    return session.client("kinesis", endpoint_url=options.endpoint_url, config=config)


def _with_role(session: boto3.Session, options: Options) -> boto3.Session:
    """A session whose temporary keys renew themselves."""

    def sts_client(service: str, **given: Any) -> Any:  # noqa: ANN401 - made by boto3 at run time
        make: Any = session.client
        return make(service, **{**given, "endpoint_url": options.sts_endpoint})

    extra = {"RoleSessionName": options.role_session_name}
    if options.role_external_id:
        extra["ExternalId"] = options.role_external_id
    fetcher = AssumeRoleCredentialFetcher(
        sts_client, session.get_credentials(), options.role_arn or "", extra_args=extra
    )
    assumed: Any = get_session()
    # boto3 has no public way to an assumed role whose keys renew themselves.
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return boto3.Session(region_name=session.region_name, botocore_session=assumed)


class StreamArgument(TypedDict, total=False):
    """The argument of a call that says which stream it is about."""

    StreamName: str
    StreamARN: str


def stream_argument(stream: str) -> StreamArgument:
    """Return how calls name the stream, which is given by its name or its ARN."""
    return {"StreamARN": stream} if stream.startswith("arn:") else {"StreamName": stream}


def error_code(error: Exception) -> str:
    """The service's code of a ClientError; empty for other errors."""
    return error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""


def is_passing(error: Exception) -> bool:
    """Return whether the same call may well succeed later."""
    if not isinstance(error, ClientError):
        return isinstance(error, NoConnectionError | HTTPClientError)
    code, status = error_code(error), error.response["ResponseMetadata"]["HTTPStatusCode"]
    return code in THROTTLED | _PASSING or (status >= _SERVER_ERROR and code not in GONE)


class Backoff:
    """Growing delays after failures in a row, none after a success.

    Being throttled is no failure of the server: it is waited out however long it takes.
    """

    def __init__(self, retries: int) -> None:
        self.retries, self.failures, self.throttled = retries, 0, 0

    def succeeded(self) -> None:
        """Start anew."""
        self.failures = self.throttled = 0

    def delay_after(self, error: Exception) -> float:
        """Seconds to wait before the next attempt.

        Raises:
            Exception: the error itself, if it will not pass or there were too many in a row.
        """
        if not is_passing(error):
            raise error
        if error_code(error) in THROTTLED:
            self.throttled += 1
        else:
            self.failures += 1
        if self.failures > self.retries:
            raise error
        doublings = min(self.failures + self.throttled - 1, 10)
        return min(FIRST_DELAY_SECONDS * float(2**doublings), _LONGEST_DELAY_SECONDS)


def persistently(call: Callable[[], T], retries: int) -> T:
    """The call's result, repeated over failures that pass."""
    backoff = Backoff(retries)
    while True:
        try:
            return call()
        except Exception as error:
            delay = backoff.delay_after(error)
            log.warning("Kinesis: %s; trying again in %.1f s", error, delay)
            time.sleep(delay)
