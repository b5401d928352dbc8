# SPDX-License-Identifier: Apache-2.0
"""Queries of claims one by one, for audits and moves; db/hosts.py makes and gives them back.

A server at rest has one claim, for the purpose RUN. While it moves, it has one at the target too
(MOVE); when it has moved, that one is RUN, and the one at the source is KEPT until all is confirmed.
"""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa

from nova_appliance.db import pci_devices
from nova_appliance.db.tables.api import CLAIMS, HOSTS

RUN, MOVE, KEPT = "run", "move", "kept"


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


def hosts_of(conn: sa.Connection, server_id: str) -> frozenset[str]:
    """Names of the hosts of which the server holds a part."""
    names = sa.select(HOSTS.c.host).join_from(CLAIMS, HOSTS, HOSTS.c.id == CLAIMS.c.host_id)
    return frozenset(conn.execute(names.where(CLAIMS.c.server_id == server_id)).scalars())


def arrive(conn: sa.Connection, server_id: str, source_id: str | None, target_id: str) -> bool:
    """The server lives at the target now; what it had at the source is kept. False if it did.

    `source_id` may be None: a host that was removed.
    """
    if not _has(conn, server_id, target_id, MOVE):
        return False
    if source_id is not None:
        _turn(conn, (server_id, source_id), RUN, KEPT)
    _turn(conn, (server_id, target_id), MOVE, RUN)
    return True


def depart(conn: sa.Connection, server_id: str, source_id: str | None, target_id: str) -> bool:
    """The other way round: the server lives at the source, and moves. False if it did not move."""
    if source_id is not None and not _has(conn, server_id, source_id, KEPT):
        return False
    _turn(conn, (server_id, target_id), RUN, MOVE)
    if source_id is not None:
        _turn(conn, (server_id, source_id), KEPT, RUN)
    return True


def _has(conn: sa.Connection, server_id: str, host_id: str, purpose: str) -> bool:
    c = CLAIMS.c
    where = (c.server_id == server_id, c.host_id == host_id, c.purpose == purpose)
    return conn.execute(sa.select(c.row).where(*where)).first() is not None


def _turn(conn: sa.Connection, where: tuple[str, str], old: str, new: str) -> None:
    c = CLAIMS.c
    server_id, host_id = where
    claim = (c.server_id == server_id, c.host_id == host_id, c.purpose == old)
    conn.execute(sa.update(CLAIMS).where(*claim).values(purpose=new))
    pci_devices.turn(conn, server_id, host_id, old, new)
