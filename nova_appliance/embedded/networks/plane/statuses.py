# SPDX-License-Identifier: Apache-2.0
"""Port statuses: a port is ACTIVE while its device is plugged into a bridge."""

from __future__ import annotations

from pathlib import Path

from nova_appliance.embedded.networks.plane import names
from nova_appliance.embedded.networks.ports import FLOATING
from nova_appliance.embedded.store import Row, Store

_DEVICES = Path("/sys/class/net")


def keep(store: Store) -> None:
    """Write the statuses that changed."""
    sql = "SELECT id, status, device_owner, host_id, admin_state_up FROM ports WHERE device_owner != ?"
    present = frozenset(path.name for path in _DEVICES.iterdir())
    changed = [
        (row["id"], status)
        for row in store.all(sql, FLOATING)
        if (status := _status(row, present)) != row["status"]
    ]
    if changed:
        with store.write() as tx:
            for port_id, status in changed:
                tx.run("UPDATE ports SET status = ? WHERE id = ?", status, port_id)


def _status(row: Row, present: frozenset[str]) -> str:
    ours = row["device_owner"].startswith("network:")
    device = names.outer(row["id"]) if ours else names.tap(row["id"])
    wanted = row["admin_state_up"] and (ours or row["host_id"])
    plugged = wanted and device in present and (_DEVICES / device / "brport").exists()
    return "ACTIVE" if plugged else "DOWN"
