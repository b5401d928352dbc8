# SPDX-License-Identifier: Apache-2.0
"""host_status of the API: whether the nova-compute of a server's host is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from nova_appliance.db.cells import Cells
from nova_appliance.db.tables.cell import SERVICES
from nova_appliance.domain.server import Server

_S = SERVICES.c
_SEEN = sa.select(_S.host, _S.forced_down, _S.disabled, _S.last_seen_at).where(
    _S.binary == "nova-compute", _S.host.in_(sa.bindparam("hosts", expanding=True))
)


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
        with cells.database(cell_id).look() as connection:
            for host, forced_down, disabled, seen_at in connection.execute(
                _SEEN, {"hosts": sorted(hosts)}
            ):
                is_up = seen_at is not None and abs((now - seen_at).total_seconds()) <= down_s
                found[host] = _host_status(forced_down=forced_down, disabled=disabled, is_up=is_up)
    return found


def _host_status(*, forced_down: bool, disabled: bool, is_up: bool) -> str:
    if forced_down:
        return "DOWN"
    if disabled:
        return "MAINTENANCE"
    return "UP" if is_up else "UNKNOWN"
