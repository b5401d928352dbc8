# SPDX-License-Identifier: Apache-2.0
"""A server's interfaces: its ports, as the network service tells them."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions import interfaces
from nova_appliance.api.operation import operation
from nova_appliance.api.policies import server_extras as rules
from nova_appliance.api.policies.servers import EXTERNAL_NETWORK
from nova_appliance.api.policy import may
from nova_appliance.api.request import Request
from nova_appliance.api.resources.servers import find
from nova_appliance.api.schemas.interfaces import ATTACH
from nova_appliance.api.schemas.queries import CLOSED_2_102
from nova_appliance.api.views import interfaces as views
from nova_appliance.common import errors, ids
from nova_appliance.domain.boot import NetworkRequest
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


@operation(
    policy=rules.INTERFACES_ATTACH,
    also=(EXTERNAL_NETWORK,),
    load=find,
    body=ATTACH,
    errors=(404, 409, 500, 501),
)
def create(req: Request, server: Server, body: dict[str, Any]) -> dict[str, Any]:
    """POST /servers/{server_id}/os-interface: answered when the guest has it."""
    wanted = _wanted(body.get("interfaceAttachment", {}))
    external = may(req, EXTERNAL_NETWORK)
    server, port = interfaces.attach(
        req.cloud, req.context, server, wanted, may_use_external=external
    )
    return {"interfaceAttachment": views.show(req, server, port)}


@operation(policy=rules.INTERFACES_DETACH, load=find, status=202, errors=(400, 404, 409, 501))
def delete(req: Request, server: Server, port_id: str) -> None:
    """DELETE /servers/{server_id}/os-interface/{port_id}."""
    interfaces.detach(req.cloud, req.context, server, port_id)


def _wanted(asked: dict[str, Any]) -> NetworkRequest:
    network_id, port_id = asked.get("net_id"), asked.get("port_id")
    addresses = [one["ip_address"] for one in asked.get("fixed_ips", ())]
    if network_id and port_id:
        raise errors.Invalid("Must not input both network_id and port_id")
    if addresses and not network_id:
        raise errors.Invalid("Must input network_id when request IP address")
    return NetworkRequest(
        network_id=network_id,
        port_id=port_id,
        fixed_ip=addresses[0] if addresses else None,
        tag=asked.get("tag"),
    )
