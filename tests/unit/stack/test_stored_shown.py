"""`make status` shows how much of the bucket its bounded parts hold, each with its bound."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from stack.local.isolated import make_settings
from stack.status import stored

MB = 1024**2


class Bucket:
    """An S3 with these objects, in pages of two; None for one that does not answer."""

    def __init__(self, sizes: dict[str, int] | None) -> None:
        self.sizes = sizes

    def get_paginator(self, operation: str) -> "Bucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert Bucket.startswith("user-")
        if self.sizes is None:
            raise EndpointConnectionError(endpoint_url="http://localstack")
        found = [{"Size": size} for key, size in self.sizes.items() if key.startswith(Prefix)]
        yield from ({"Contents": found[at : at + 2]} for at in range(0, len(found), 2))
        yield {}


def _shown(monkeypatch: pytest.MonkeyPatch, folder: Path, bucket: Bucket) -> list[str]:
    text = io.StringIO()
    monkeypatch.setattr(stored, "s3_client", lambda _: bucket)
    stored.print_stored(Console(file=text, width=120), make_settings(folder))
    return [" ".join(line.split()) for line in text.getvalue().splitlines() if line]


def test_each_part_is_shown_with_its_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes = {f"delta_tables/cleaned/pin/{number}": 2 * MB for number in range(5)}
    sizes |= {
        "checkpoints/streaming/speed/offsets/1": 700,
        "topics/pin/0.json": 9 * MB,
        "delta_tables/transformed/pin": MB,
    }
    assert _shown(monkeypatch, tmp_path, Bucket(sizes)) == [
        "bucket objects holds bounded by",
        "delta_tables/cleaned/ 5 10 MB the tables; their former files 7 days, their log 30",
        "delta_tables/streaming/ 0 0 MB the tables; their former files 1 to 2 hours, so their log",
        "checkpoints/streaming/ 1 0 MB the last 10 micro-batches of each query",
    ]


def test_an_s3_that_does_not_answer_shows_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _shown(monkeypatch, tmp_path, Bucket(None)) == []
