# SPDX-License-Identifier: Apache-2.0
"""An interface of a server; from 2.70 on with its tag."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.versioned import HasVersion, at_least
from nova_appliance.clients.network_nouns import Port
from nova_appliance.domain import interface_tags
from nova_appliance.domain.server import Server


def show(req: HasVersion, server: Server, port: Port) -> dict[str, Any]:
    """The port as Nova tells it."""
    view: dict[str, Any] = {
        "port_id": port.id,
        "net_id": port.network_id,
        "mac_addr": port.mac,
        "port_state": port.status,
        "fixed_ips": [
            {"subnet_id": ip.subnet_id, "ip_address": ip.address} for ip in port.fixed_ips
        ],
    }
    tags = interface_tags.of(server.system_metadata)
    return view | ({"tag": tags.get(port.id)} if at_least(req, "2.70") else {})
