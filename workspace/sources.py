"""Read the source of a mount: the bucket, the folder in it, and the keys that the URL may hold."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

SCHEMES = ("s3a", "s3n", "s3")
_URL = re.compile(
    r"(?P<scheme>[a-z0-9]+)://(?:(?P<key>[^:@/]+):(?P<secret>[^@/]+)@)?(?P<bucket>[^/@:]+)(?P<path>/.*)?",
    re.S,
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Source:
    """A folder of a bucket; `key` and `secret` are empty where the URL has none."""

    scheme: str
    bucket: str
    path: str
    key: str = ""
    secret: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The URL as it was given, without keys."""
        return f"{self.scheme}://{self.bucket}{self.path}"

    @property
    def target(self) -> str:
        """The URL by which Hadoop reads it."""
        return f"s3a://{self.bucket}{self.path or '/'}"


def parse_source(url: str) -> Source:
    """Read `s3a://bucket/path`, or `s3n://KEY:SECRET@bucket`, the secret percent-encoded.

    Raises:
        ValueError: it is no URL of S3; the message names no secret.
    """
    found = _URL.fullmatch(url)
    if not found or found["scheme"] not in SCHEMES or not _BUCKET.fullmatch(found["bucket"]):
        raise ValueError(
            f"expected s3a://bucket, s3n://bucket or s3://bucket, with KEY:SECRET@ before the bucket or without, "
            f"the secret percent-encoded (urllib.parse.quote(secret, safe='')), not {_without_keys(url)}"
        )
    key, secret = (unquote(found[name] or "") for name in ("key", "secret"))
    return Source(found["scheme"], found["bucket"], (found["path"] or "").rstrip("/"), key, secret)


def _without_keys(url: str) -> str:
    return repr(re.sub(r"//.*@", "//[REDACTED]@", url, flags=re.S))
