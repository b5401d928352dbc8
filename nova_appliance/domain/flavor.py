# SPDX-License-Identifier: Apache-2.0
"""A flavor, as operators define it and as it is frozen into each server."""

from __future__ import annotations

import datetime as dt

import msgspec


class Flavor(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes: memory and swap in MiB, disks in GiB. `id` is the flavorid text of the API."""

    id: str
    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    ephemeral_gib: int = 0
    swap_mib: int = 0
    rxtx_factor: float = 1.0
    is_public: bool = True
    disabled: bool = False
    description: str | None = None
    extra_specs: dict[str, str] = {}
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    row: int = 0
    """Number of the database row; grows with creation, 0 for a flavor frozen into a server."""
