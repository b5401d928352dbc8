# SPDX-License-Identifier: Apache-2.0
"""What guests read from their volumes and wrote to them."""

from __future__ import annotations

import datetime as dt

import msgspec

COUNTED = ("reads", "read_bytes", "writes", "write_bytes")
"""Requests of guests, and bytes of them: fields, columns and words of notices."""


class VolumeCount(msgspec.Struct, frozen=True, kw_only=True):
    """What the hypervisor has counted of a guest's volume since it plugged the volume in."""

    server_id: str
    volume_id: str
    reads: int = 0
    """Requests."""
    read_bytes: int = 0
    writes: int = 0
    write_bytes: int = 0


class VolumeUsage(msgspec.Struct, frozen=True, kw_only=True):
    """All that was ever counted of a volume, whichever server had it."""

    volume_id: str
    server_id: str
    """The server of the newest count."""
    project_id: str
    user_id: str
    zone: str | None
    refreshed_at: dt.datetime
    reads: int
    """Requests."""
    read_bytes: int
    writes: int
    write_bytes: int
