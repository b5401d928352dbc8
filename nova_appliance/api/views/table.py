# SPDX-License-Identifier: Apache-2.0
"""Views as delta tables: name of a field > function of the thing, changed by microversion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from nova_appliance.api import links
from nova_appliance.api.paging import paging
from nova_appliance.api.request import Request
from nova_appliance.api.versioned import Schema, Version, Versioned

Field = Callable[[Any], Any]


def fields(**table: Field) -> Schema:
    """The base of a view; names that are no identifiers by `fields(**{"a-b": ...})`."""
    return {"properties": table}


def same(*names: str) -> dict[str, Field]:
    """Fields that are called in the answer as they are in the thing."""
    return {name: _getter(name) for name in names}


def render(view: Versioned, version: Version, thing: Any) -> dict[str, Any]:
    """The fields that the view has at that version."""
    table: dict[str, Field] = view.at(version)["properties"]
    return {name: field(thing) for name, field in table.items()}


def stamp(when: dt.datetime | None) -> str | None:
    """A time as administrators' lists show it: microseconds, no zone."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f") if when else None


def next_links(
    req: Request, key: str, collection: str, ids: Sequence[str]
) -> dict[str, list[links.Link]]:
    """`{key: [link to the next page]}` when the page is full, else nothing."""
    limit = paging(req).limit
    if not limit or len(ids) != limit:
        return {}
    return {key: links.next_page(req, collection, ids[-1])}


def _getter(name: str) -> Field:
    return lambda thing: getattr(thing, name)
