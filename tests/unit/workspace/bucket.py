"""A folder of this machine as a bucket whose keys begin with `warehouse/`: the part of S3's client that tables need."""

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


class Bucket:
    """S3's client, and its paginator."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_paginator(self, _: str) -> "Bucket":
        return self

    def paginate(self, *, Prefix: str, Delimiter: str = "", **_: str) -> list[dict[str, Any]]:  # noqa: N803 - S3's
        found = {key: path for key, path in self._keys().items() if key.startswith(Prefix)}
        if not Delimiter:
            files = {key: path.read_bytes() for key, path in found.items() if path.is_file()}
            return [{"Contents": [{"Key": key, "ETag": _tag(body)} for key, body in files.items()]}]
        names = {
            key.removeprefix(Prefix).partition("/")[0] for key in found if "/" in key.removeprefix(Prefix)
        }
        return [{"CommonPrefixes": [{"Prefix": f"{Prefix}{name}/"} for name in sorted(names)]}]

    def list_objects_v2(self, *, Prefix: str, **_: object) -> dict[str, Any]:  # noqa: N803
        found = [path for key, path in self._keys().items() if key.startswith(Prefix)]
        times = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in found[:1]]
        return {"Contents": [{"LastModified": time} for time in times]} if times else {}

    def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str = "", **_: object) -> dict[str, Any]:  # noqa: N803
        path = self._path(Key)
        if IfNoneMatch and path.exists():
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)
        return {"ETag": _tag(Body)}

    def get_object(self, *, Key: str, **_: object) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._path(Key).read_bytes())}

    def delete_object(self, *, Key: str, **_: object) -> None:  # noqa: N803
        self._path(Key).unlink()

    def _path(self, key: str) -> Path:
        return self._folder / key.removeprefix("warehouse/")

    def _keys(self) -> dict[str, Path]:
        paths = sorted(self._folder.rglob("*"))
        return {f"warehouse/{path.relative_to(self._folder)}{'/' * path.is_dir()}": path for path in paths}


def _tag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
