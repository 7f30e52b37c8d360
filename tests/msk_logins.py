"""Read what a client shows MSK at its login by IAM, and sign it again by the rules of Signature Version 4.

By hand, so that the signers under test are compared with the published algorithm:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

_SIGNED = (
    *("Action", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"),
    *("X-Amz-Security-Token", "X-Amz-SignedHeaders"),
)


def from_token(token: str) -> dict[str, str]:
    """Return what a token of OAUTHBEARER says, by the names of AWS_MSK_IAM's message: in lower case, with `host`."""
    padded = token + "=" * (-len(token) % 4)
    url = urlsplit(base64.urlsafe_b64decode(padded).decode())
    assert (url.scheme, url.path) == ("https", "/")
    return {"host": url.netloc} | {name.lower(): value for name, value in parse_qsl(url.query)}


def from_message(message: str) -> dict[str, str]:
    """Return what the message of AWS_MSK_IAM says."""
    said: dict[str, str] = json.loads(message)
    return said


def end_of(said: Mapping[str, str]) -> float:
    """Return when a login's signature ends, in seconds since 1970."""
    return date_of(said) + int(said["x-amz-expires"])


def date_of(said: Mapping[str, str]) -> float:
    """Return when it was signed."""
    return datetime.strptime(said["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def signature(said: Mapping[str, str], secret: str) -> str:
    """Return the signature that belongs to what was said."""
    scope = said["x-amz-credential"].split("/", 1)[1]
    query = "&".join(
        f"{name}={quote(said[name.lower()], safe='')}" for name in _SIGNED if name.lower() in said
    )
    request = ["GET", "/", query, f"host:{said['host']}", "", "host", hashlib.sha256(b"").hexdigest()]
    digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", said["x-amz-date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()
