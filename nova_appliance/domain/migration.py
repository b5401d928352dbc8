# SPDX-License-Identifier: Apache-2.0
"""A migration: a server changes its host or its flavor. Its row is the record that users may read.

Kinds and statuses are the words of the wire (source: Compute API, os-migrations).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from nova_appliance.domain.flavor import Flavor

RESIZE, COLD, LIVE, EVACUATION = "resize", "migration", "live-migration", "evacuation"
KINDS = (RESIZE, COLD, LIVE, EVACUATION)

ENDED = frozenset(
    ("confirmed", "reverted", "completed", "done", "error", "failed", "cancelled", "deleted")
)
"""Statuses in which nothing goes on any more."""
FINISHED = "finished"
"""A resize that waits for its confirmation."""
LIVE_UNDER_WAY = frozenset(("queued", "preparing", "running", "post-migrating"))
"""Statuses of live migrations that `servers/{id}/migrations` shows."""
ABORT, FORCE = "abort", "force"
"""What a user may want of a live migration under way."""


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of memory or disk: how many there are, are copied, are left."""

    total: int = 0
    processed: int = 0
    remaining: int = 0


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `cell_id` says in which cell's database it stands; times are naive UTC."""

    row: int = 0
    id: str
    cell_id: str
    server_id: str
    kind: str
    status: str
    project_id: str
    user_id: str
    source_host: str | None = None
    source_node: str | None = None
    target_host: str | None = None
    target_node: str | None = None
    target_address: str | None = None
    """Address of the target, `dest_host` of the wire."""
    old_flavor: Flavor
    new_flavor: Flavor
    wanted: str | None = None
    """ABORT or FORCE, for the host that carries a live migration out."""
    memory: Amount = Amount()
    disk: Amount = Amount()
    facts: dict[str, Any] = {}
    """What going back needs: `state` and `power` before, `host_id` of source and target, `origin`
    of the disks."""
    created_at: dt.datetime
    updated_at: dt.datetime | None = None

    @property
    def is_live_under_way(self) -> bool:
        """Whether a live migration goes on."""
        return self.kind == LIVE and self.status in LIVE_UNDER_WAY
