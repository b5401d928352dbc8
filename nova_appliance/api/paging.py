# SPDX-License-Identifier: Apache-2.0
"""limit, marker and offset of lists: schema parts and their values."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from nova_appliance.api.request import Request
from nova_appliance.common import errors

T = TypeVar("T")

LIMIT: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[0-9]*$", "minLength": 1, "maxLength": 255},
}
MARKER: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
QUERY: dict[str, Any] = {"limit": LIMIT, "marker": MARKER}
"""For the properties of a query schema."""


@dataclasses.dataclass(frozen=True)
class Paging:
    """At most `limit` things behind `marker`."""

    limit: int
    marker: str | None = None


def paging(req: Request) -> Paging:
    """What the query asks for, capped at [api]max_limit."""
    most: int = req.cloud.conf.api.max_limit
    asked = req.first("limit")
    limit = min(most, int(asked)) if asked else most
    return Paging(limit, req.first("marker"))


def cut(things: Sequence[T], ids: Sequence[str], page: Paging) -> Sequence[T]:
    """The page of a list that is held in memory. Raises Invalid for an unknown marker."""
    start = 0
    if page.marker is not None:
        if page.marker not in ids:
            raise errors.Invalid(f"Marker {page.marker} could not be found.")
        start = list(ids).index(page.marker) + 1
    return things[start : start + page.limit]
