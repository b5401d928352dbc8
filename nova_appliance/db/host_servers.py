# SPDX-License-Identifier: Apache-2.0
"""Which servers stand on which hosts, in a cell's database: names for lists of hypervisors."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from nova_appliance.db.tables.cell import SERVERS


def list_(conn: sa.Connection, hosts: Sequence[str]) -> list[tuple[str, int, str]]:
    """(host, number, id) of the living servers on these hosts, oldest first."""
    select = sa.select(SERVERS.c.host, SERVERS.c.row, SERVERS.c.id)
    where = (SERVERS.c.host.in_(hosts), SERVERS.c.deleted == 0)
    return list(conn.execute(select.where(*where).order_by(SERVERS.c.row)).tuples().all())
