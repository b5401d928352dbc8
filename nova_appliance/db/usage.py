# SPDX-License-Identifier: Apache-2.0
"""Servers that were there during a period, for bills."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from nova_appliance.db import server_rows
from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.domain.server import Server

_C = SERVERS.c
Place = tuple[str, str]
"""Project and server: the order of the list."""


def active(
    conn: sa.Connection,
    cell_id: str,
    period: tuple[dt.datetime, dt.datetime],
    project_id: str | None = None,
    page: tuple[Place | None, int | None] = (None, None),
) -> tuple[Server, ...]:
    """Launched before its end and not terminated before its beginning, by project and id."""
    begin, end = period
    after, limit = page
    where = [
        _C.launched_at < end,
        sa.or_(_C.terminated_at.is_(None), _C.terminated_at > begin),
    ]
    if project_id is not None:
        where.append(_C.project_id == project_id)
    if after is not None:
        same = sa.and_(_C.project_id == after[0], _C.id > after[1])
        where.append(sa.or_(_C.project_id > after[0], same))
    order = (_C.project_id, _C.id)
    select = sa.select(*server_rows.COLUMNS).where(*where).order_by(*order).limit(limit)
    return tuple(server_rows.read(row, cell_id) for row in conn.execute(select))


def on_host(
    conn: sa.Connection,
    cell_id: str,
    host: str,
    period: tuple[dt.datetime, dt.datetime],
    page: tuple[str, int],
) -> tuple[Server, ...]:
    """Those of a host, by id; `page` is the id after which to go on, and how many."""
    begin, end = period
    after, limit = page
    is_there = sa.or_(_C.terminated_at.is_(None), _C.terminated_at > begin)
    where = (_C.host == host, _C.launched_at < end, is_there, _C.id > after)
    select = sa.select(*server_rows.COLUMNS).where(*where).order_by(_C.id).limit(limit)
    return tuple(server_rows.read(row, cell_id) for row in conn.execute(select))


def place(conn: sa.Connection, server_id: str) -> Place | None:
    """Where in that order a server stands, living or deleted."""
    row = conn.execute(sa.select(_C.project_id, _C.id).where(_C.id == server_id)).first()
    return (row[0], row[1]) if row else None
