# SPDX-License-Identifier: Apache-2.0
"""Queries of what the scheduler was asked for, kept for a server's later moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.common import clock
from nova_appliance.db.tables.api import REQUEST_SPECS

_C = REQUEST_SPECS.c


def add(conn: sa.Connection, specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Store specs by server id, in one statement."""
    now = clock.SYSTEM.now()
    rows = [
        {"server_id": server_id, "spec": msgspec.json.encode(spec).decode(), "created_at": now}
        for server_id, spec in specs.items()
    ]
    conn.execute(sa.insert(REQUEST_SPECS), rows)


def get(conn: sa.Connection, server_id: str) -> dict[str, Any] | None:
    """The spec of that server."""
    text = conn.execute(sa.select(_C.spec).where(_C.server_id == server_id)).scalar()
    return msgspec.json.decode(text, type=dict[str, Any]) if text else None


def remove(conn: sa.Connection, server_id: str) -> bool:
    """Forget a server's spec; False when it was forgotten before."""
    return bool(conn.execute(sa.delete(REQUEST_SPECS).where(_C.server_id == server_id)).rowcount)
