# SPDX-License-Identifier: Apache-2.0
"""Queries of claims one by one, for the audit; db/hosts.py makes and gives them back."""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from nova_appliance.db.tables.api import CLAIMS, HOSTS


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a server holds of a node."""

    row: int
    server_id: str
    host_id: str
    purpose: str
    host: str | None
    """None when the node is gone."""
    node: str | None


def older_than(
    conn: sa.Connection, before: dt.datetime, after: int, limit: int
) -> tuple[Claim, ...]:
    """Claims made before that time, in pages by number."""
    c, h = CLAIMS.c, HOSTS.c
    select = (
        sa.select(c.row, c.server_id, c.host_id, c.purpose, h.host, h.node)
        .join_from(CLAIMS, HOSTS, h.id == c.host_id, isouter=True)
        .where(c.created_at < before, c.row > after)
    )
    rows = conn.execute(select.order_by(c.row).limit(limit)).mappings()
    return tuple(Claim(**row) for row in rows)
