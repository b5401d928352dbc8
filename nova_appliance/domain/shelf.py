# SPDX-License-Identifier: Apache-2.0
"""What a server's row remembers while it is on the shelf, and of the disk it came back with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

KEY = "shelf"
"""Key of system_metadata: a Shelf, JSON."""
ALONE = "root_alone"
"""Key of system_metadata: the root disk lies over no image; there since the server came back."""


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """The image of the server's root disk, and since when it is there."""

    image_id: str
    at: dt.datetime
    """Naive UTC."""


def of(system_metadata: Mapping[str, str]) -> Shelf | None:
    """What the row remembers; None for a server that is not on the shelf."""
    text = system_metadata.get(KEY)
    return msgspec.json.decode(text, type=Shelf) if text else None


def remembered(shelf: Shelf) -> dict[str, str]:
    """What the row keeps of it."""
    return {KEY: msgspec.json.encode(shelf).decode()}


def taken_down(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """The row's memory of a server that never left its host."""
    return {key: value for key, value in system_metadata.items() if key != KEY}


def came_back(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """The row's memory of a server whose root disk was made from the shelf's image."""
    return taken_down(system_metadata) | {ALONE: "1"}


def made_anew(system_metadata: Mapping[str, str]) -> dict[str, str]:
    """The row's memory of a server whose root disk lies over its image again."""
    return {key: value for key, value in system_metadata.items() if key not in {KEY, ALONE}}
