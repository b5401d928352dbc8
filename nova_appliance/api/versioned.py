# SPDX-License-Identifier: Apache-2.0
"""Something that changes with the microversion: a base plus one small change per version.

Schemas and views are `Versioned`; only api/ knows microversions at all.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Protocol

from nova_appliance.api.versions import VERSIONS

Version = tuple[int, int]
Schema = dict[str, Any]
Change = Callable[[Schema], object]


def parse(text: str) -> Version:
    """`"2.60"` as (2, 60)."""
    major, minor = text.split(".")
    return int(major), int(minor)


MIN = parse(VERSIONS[0])
MAX = parse(VERSIONS[-1])
LEGACY: Version = (2, 0)
"""Where changes of the compatibility mode /v2 stand; such a request itself runs as 2.1."""


class HasVersion(Protocol):
    """A request whose version is known."""

    version: Version


def at_least(req: HasVersion, version: str) -> bool:
    """Whether the request asked for this microversion or a newer one."""
    return req.version >= parse(version)


class Versioned:
    """`Versioned({...}, v2_19=add(...), v2_57=drop(...))`: `at((2, 30))` is the shape there.

    A change is a function that edits a copy in place. `legacy=` changes the base for /v2 only.
    """

    def __init__(self, base: Schema, legacy: Change | None = None, **changes: Change) -> None:
        rows = sorted((parse(key[1:].replace("_", ".")), step) for key, step in changes.items())
        self.since: list[Version] = [MIN]
        self._shapes: list[Schema] = [base]
        for version, change in rows:
            shape = copy.deepcopy(self._shapes[-1])
            change(shape)
            self.since.append(version)
            self._shapes.append(shape)
        self.legacy = copy.deepcopy(base)
        if legacy:
            legacy(self.legacy)

    def index(self, version: Version) -> int:
        """Which of the shapes holds at `version`; -1 is the one of /v2."""
        return bisect_right(self.since, version) - 1

    def until(self, last: Version) -> Versioned:
        """The same without the changes after `last`."""
        kept = copy.copy(self)
        count = self.index(last) + 1
        kept.since = self.since[:count]
        kept._shapes = self._shapes[:count]  # noqa: SLF001 - a copy of ourselves
        return kept

    def at(self, version: Version) -> Schema:
        """The shape at `version`; do not change it."""
        place = self.index(version)
        return self.legacy if place < 0 else self._shapes[place]


def both(*changes: Change) -> Change:
    """Several changes at one version."""

    def change(shape: Schema) -> None:
        for one in changes:
            one(shape)

    return change


def add(**fields: Any) -> Change:
    """More properties; names that are no identifiers by `add(**{"a-b": ...})`."""
    return lambda shape: shape["properties"].update(copy.deepcopy(fields))


def drop(*names: str) -> Change:
    """Fewer properties."""

    def change(shape: Schema) -> None:
        for name in names:
            del shape["properties"][name]

    return change


def require(*names: str) -> Change:
    """Properties that must be there from now on."""
    return lambda shape: shape.setdefault("required", []).extend(names)


def closed(shape: Schema) -> None:
    """Unknown properties are refused from now on."""
    shape["additionalProperties"] = False


def inside(path: str, *changes: Change) -> Change:
    """Changes below `a.b` (the properties b of a); `[]` steps into the items of a list."""

    def change(shape: Schema) -> None:
        for name in path.split("."):
            shape = shape["properties"][name.removesuffix("[]")]
            if name.endswith("[]"):
                shape = shape["items"]
        both(*changes)(shape)

    return change
