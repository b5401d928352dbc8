# SPDX-License-Identifier: Apache-2.0
"""Queries over all servers of a cell, page by page, for nova-manage doctor."""

from __future__ import annotations

import sqlalchemy as sa

from nova_appliance.db import server_rows
from nova_appliance.db.tables.cell import SAGAS, SERVERS
from nova_appliance.domain.saga import OPEN
from nova_appliance.domain.server import Server


def page(conn: sa.Connection, cell_id: str, after: int, limit: int) -> tuple[Server, ...]:
    """Living servers behind that number, oldest first."""
    where = (SERVERS.c.row > after, SERVERS.c.deleted == 0)
    select = sa.select(*server_rows.COLUMNS).where(*where).order_by(SERVERS.c.row).limit(limit)
    return tuple(server_rows.read(row, cell_id) for row in conn.execute(select))


def servers_of_open_sagas(conn: sa.Connection) -> frozenset[str]:
    """Ids of the servers that have an open saga here."""
    select = sa.select(SAGAS.c.server_id).where(SAGAS.c.state.in_(OPEN)).distinct()
    return frozenset(conn.execute(select).scalars())
