"""Check a chart's description against Vega-Lite's own schema, which Altair has."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair


def validate(spec: Mapping[str, Any], data: Sequence[Mapping[str, Any]]) -> None:
    """Fail where the description is not Vega-Lite, or names a field that the data do not have."""
    kind = altair.LayerChart if "layer" in spec else altair.Chart
    kind.from_dict({**spec, "data": {"values": [*data]}})  # validates
    assert {*_fields(spec)} <= data[0].keys()


def _fields(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("field"), str):
            yield part["field"]
        for each in part.values():
            yield from _fields(each)
    if isinstance(part, list):
        for each in part:
            yield from _fields(each)
