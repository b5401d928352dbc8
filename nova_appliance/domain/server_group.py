# SPDX-License-Identifier: Apache-2.0
"""A server group: its policy says how the scheduler spreads or gathers the members."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


class ServerGroup(msgspec.Struct, frozen=True, kw_only=True):
    """`members` are ids of living servers; `rules` may hold max_server_per_host."""

    id: str
    project_id: str
    user_id: str
    name: str
    policy: str
    rules: dict[str, Any] = {}
    members: tuple[str, ...] = ()
    created_at: dt.datetime | None = None
    row: int = 0
