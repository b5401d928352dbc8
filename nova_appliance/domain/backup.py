# SPDX-License-Identifier: Apache-2.0
"""Kinds of backups, and which images of one kind are too many."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is called, of which type it is, and how many of that type are kept."""

    name: str
    backup_type: str
    """daily, weekly, or any word of the user."""
    rotation: int


def too_many(made: Sequence[tuple[str, str]], rotation: int) -> tuple[str, ...]:
    """Ids of all but the newest `rotation`; `made` are (time, id), times as ISO 8601."""
    newest_first = sorted(made, reverse=True)
    return tuple(image_id for _, image_id in newest_first[rotation:])
