# SPDX-License-Identifier: Apache-2.0
"""Which versions of the daemons live now: what RPC callers pin themselves to."""

from __future__ import annotations

from nova_appliance.common import clock, errors
from nova_appliance.db import services
from nova_appliance.db.cells import Cells


def lowest(cells: Cells, down_s: float) -> dict[str, int]:
    """Topic > lowest version among the daemons that are up, of all cells that answer."""
    now = clock.SYSTEM.now()
    found: dict[str, int] = {}
    for cell in cells.all_():
        try:
            with cells.database(cell.id).read() as conn:
                known = services.list_(conn)
        except errors.Unavailable:
            continue
        for service in known:
            if services.is_up(service, now, down_s):
                version = found.get(service.topic, service.version)
                found[service.topic] = min(version, service.version)
    return found
