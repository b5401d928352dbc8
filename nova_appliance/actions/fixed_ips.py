# SPDX-License-Identifier: Apache-2.0
"""More and fewer fixed addresses on a server's ports (to 2.43)."""

from __future__ import annotations

from nova_appliance.actions import refresh_addresses
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.network_nouns import Port
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain import states
from nova_appliance.domain.server import Server

Fixed = list[dict[str, str]]


def add(cloud: Cloud, context: RequestContext, server: Server, network_id: str) -> None:
    """One more address on the port in that network. Raises NotFound, Invalid when none is left."""
    states.check_lock(server, "fixed ip", is_admin=bool(context.is_admin))
    ports = _ports(cloud, server, network_id)
    if not ports:
        raise errors.NotFound(f"Network could not be found for instance {server.id}.")
    port = ports[0]
    subnets = dict.fromkeys(ip.subnet_id for ip in port.fixed_ips)
    subnets |= dict.fromkeys(cloud.networks.get(network_id).subnet_ids)
    for subnet_id in subnets:
        try:
            _change(cloud, port, [*_fixed(port), {"subnet_id": subnet_id}])
        except (errors.Conflict, errors.Invalid):
            continue
        refresh_addresses.refresh(cloud, server.id)
        return
    raise errors.Invalid("No fixed IP addresses available for network: " + network_id)


def remove(cloud: Cloud, context: RequestContext, server: Server, address: str) -> None:
    """Take an address from the port that has it. Raises Invalid when none has."""
    states.check_lock(server, "fixed ip", is_admin=bool(context.is_admin))
    for port in _ports(cloud, server):
        kept = [fixed for fixed in _fixed(port) if fixed["ip_address"] != address]
        if len(kept) < len(port.fixed_ips):
            _change(cloud, port, kept)
            refresh_addresses.refresh(cloud, server.id)
            return
    raise errors.Invalid(f"Instance {server.id} does not have fixed IP '{address}'.")


def _ports(cloud: Cloud, server: Server, network_id: str | None = None) -> list[Port]:
    """The server's ports, always in the same order."""
    found = cloud.networks.ports(device_id=server.id)
    wanted = [port for port in found if network_id in (None, port.network_id)]
    return sorted(wanted, key=lambda port: port.id)


def _fixed(port: Port) -> Fixed:
    return [{"subnet_id": ip.subnet_id, "ip_address": ip.address} for ip in port.fixed_ips]


def _change(cloud: Cloud, port: Port, fixed: Fixed) -> None:
    cloud.networks.rows.change(None, "ports", port.id, {"fixed_ips": fixed})
