"""Show the API who sends: by nothing, by its key (API_KEY), or by a signature of AWS's keys (API_SIGNED)."""

from collections.abc import Callable, Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from common.clients import aws_credentials
from common.settings import Settings

Headers = Mapping[str, str]
Authorize = Callable[[str, str, Headers, bytes], Headers]
"""Return the headers of a request and what it shows, from its method, its URL, its own headers and its body.

Raises:
    NoAwsKeysError: it is to be signed, and a role's keys cannot be renewed.
"""


class NoAwsKeysError(Exception):
    """There are no AWS keys to sign with; the message says what to set."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"no AWS credentials for API_SIGNED=true: {cause}. Set AWS_PROFILE, or both keys, in .env"
        )


def authorization(settings: Settings) -> Authorize:
    """Return what adds to a request's headers what the API asks for.

    Raises:
        NoAwsKeysError: requests are to be signed, and there are no AWS keys.
    """
    key = settings.api.key.get_secret_value()
    shown = {"x-api-key": key} if key else {}
    if not settings.api.signed:
        return lambda _method, _url, headers, _body: {**headers, **shown}
    try:
        return _signing(aws_credentials(settings), settings.aws.region, shown)
    except (BotoCoreError, ClientError) as error:
        raise NoAwsKeysError(error) from error


def _signing(credentials: Credentials, region: str, shown: Headers) -> Authorize:
    """Return what signs each request anew: AWS takes a signature for five minutes, and a role's keys change."""

    def signed(method: str, url: str, headers: Headers, body: bytes) -> Headers:
        request = AWSRequest(method, url, headers={**headers, **shown}, data=body)
        try:
            keys = credentials.get_frozen_credentials()
        except (BotoCoreError, ClientError) as error:
            raise NoAwsKeysError(error) from error
        SigV4Auth(keys, "execute-api", region).add_auth(request)
        return dict(request.headers.items())

    return signed
