# SPDX-License-Identifier: Apache-2.0
"""Which interface of its instance a port is, and whether it goes with the instance."""

from __future__ import annotations

from typing import Any

from nova_appliance.domain import own_ports
from nova_appliance.domain.guest_data import vifs_of
from nova_appliance.domain.server import Server


def place(server: Server, port_id: str, index: int = 0) -> dict[str, Any]:
    """Part of an attachment in EC2's words; the index counts for a server without ports so far."""
    known = [vif.port_id for vif in vifs_of(server)]
    after = len(known) or index
    return {
        "DeviceIndex": known.index(port_id) if port_id in known else after,
        "Status": "attached" if not known or port_id in known else "attaching",
        "DeleteOnTermination": not known or port_id in own_ports.of(server),
    }
