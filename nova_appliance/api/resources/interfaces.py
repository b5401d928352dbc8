# SPDX-License-Identifier: Apache-2.0
"""GET of a server's interfaces: its ports, as the network service tells them."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_extras as rules
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import interfaces as views
from nova_appliance.common import errors, ids
from nova_appliance.domain.server import Server


@operation(policy=rules.INTERFACES_LIST, load=find, query=CLOSED_2_102, errors=(404, 501))
def index(req: Request, server: Server) -> dict[str, Any]:
    """GET /servers/{server_id}/os-interface."""
    ports = req.cloud.networks.ports(device_id=server.id)
    return {"interfaceAttachments": [views.show(req, server, port) for port in ports]}


@operation(policy=rules.INTERFACES_SHOW, load=find, query=CLOSED_2_102, errors=(404,))
def show(req: Request, server: Server, port_id: str) -> dict[str, Any]:
    """GET /servers/{server_id}/os-interface/{port_id}."""
    found = req.cloud.networks.ports(id=port_id) if ids.is_id(port_id) else ()
    mine = [port for port in found if port.device_id == server.id]
    if not mine:
        raise errors.NotFound(f"Instance {server.id} does not have a port with id {port_id}.")
    return {"interfaceAttachment": views.show(req, server, mine[0])}
