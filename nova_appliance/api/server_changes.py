# SPDX-License-Identifier: Apache-2.0
"""The body of PUT /servers/{server_id} as changes of fields of a Server."""

from __future__ import annotations

from typing import Any

from nova_appliance.api import access_addresses
from nova_appliance.common import errors
from nova_appliance.domain.server import Server

FIELDS = {
    "name": "name",
    "description": "description",
    "OS-DCF:diskConfig": "disk_config",
    "hostname": "hostname",
}
"""Key of the body > field."""


def read(server: Server, wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields to change. Raises Conflict for a zone that the server is not in."""
    changes = {field: wanted[key] for key, field in FIELDS.items() if key in wanted}
    changes |= access_addresses.read(wanted)
    if "name" in changes:
        changes["name"] = changes["name"].strip()
    if "pinned_availability_zone" in wanted:
        changes |= _pin(server, wanted["pinned_availability_zone"])
    return changes


def _pin(server: Server, zone: str | None) -> dict[str, Any]:
    """Null unpins, the present zone pins again; one pin is not changed to another."""
    if zone == server.pinned_zone:
        return {}
    if zone is None:
        return {"pinned_zone": None}
    if server.pinned_zone is not None:
        raise errors.Conflict(
            f"The server is pinned to {server.pinned_zone}; unpin it before it is pinned anew."
        )
    if zone != server.zone:
        raise errors.Conflict(f"The server is not in availability zone {zone}.")
    return {"pinned_zone": zone}
