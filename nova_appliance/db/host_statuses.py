# SPDX-License-Identifier: Apache-2.0
"""host_status of the API: whether the nova-compute of a server's host is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from nova_appliance.db.cells import Cells
from nova_appliance.db.tables.cell import SERVICES
from nova_appliance.domain.server import Server


def of_servers(
    cells: Cells, servers: Iterable[Server], now: dt.datetime, down_s: float
) -> dict[str, str]:
    """host_status of the API for each host of these servers: one SELECT per cell."""
    wanted: dict[str, set[str]] = {}
    for server in servers:
        if server.host:
            wanted.setdefault(server.cell_id, set()).add(server.host)
    found: dict[str, str] = {}
    for cell_id, hosts in wanted.items():
        found |= dict.fromkeys(hosts, "UNKNOWN")
        select = sa.select(
            SERVICES.c.host, SERVICES.c.forced_down, SERVICES.c.disabled, SERVICES.c.last_seen_at
        ).where(SERVICES.c.binary == "nova-compute", SERVICES.c.host.in_(sorted(hosts)))
        with cells.database(cell_id).read() as connection:
            for host, forced_down, disabled, seen_at in connection.execute(select):
                is_up = seen_at is not None and abs((now - seen_at).total_seconds()) <= down_s
                found[host] = _host_status(forced_down=forced_down, disabled=disabled, is_up=is_up)
    return found


def _host_status(*, forced_down: bool, disabled: bool, is_up: bool) -> str:
    if forced_down:
        return "DOWN"
    if disabled:
        return "MAINTENANCE"
    return "UP" if is_up else "UNKNOWN"
