# SPDX-License-Identifier: Apache-2.0
"""Floating IPs led to servers and away from them (to 2.43)."""

from __future__ import annotations

from nova_appliance.actions import refresh_addresses
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients import floating_ips
from nova_appliance.clients.floating_ips import FloatingIp
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Address, Server


def associate(
    cloud: Cloud, context: RequestContext, server: Server, address: str, fixed: str | None = None
) -> None:
    """Lead an address to the server, to a fixed one of it or its first. Raises NotFound, Invalid."""
    rows = cloud.networks.rows
    floating = floating_ips.by_address(rows, context, address)
    target = _fixed(server, fixed)
    where = {"port_id": target.port_id, "fixed_ip_address": target.address}
    floating_ips.lead(rows, context, floating, where)
    for server_id in {server.id, floating.server_id} - {None}:
        refresh_addresses.refresh(cloud, str(server_id))


def disassociate(cloud: Cloud, context: RequestContext, server: Server, address: str) -> None:
    """Lead an address of the server nowhere. Raises NotFound, Conflict when it is not on it."""
    rows = cloud.networks.rows
    floating = floating_ips.by_address(rows, context, address)
    if floating.server_id != server.id:
        raise errors.Conflict(f"Floating IP {address} is not associated with instance {server.id}.")
    floating_ips.lead(rows, context, floating, None)
    refresh_addresses.refresh(cloud, server.id)


def release(cloud: Cloud, context: RequestContext, floating: FloatingIp) -> None:
    """Give an address back; a server that had it loses it. Raises NotFound, Conflict."""
    cloud.networks.rows.remove(context, "floatingips", floating.id)
    if floating.server_id:
        refresh_addresses.refresh(cloud, floating.server_id)


def _fixed(server: Server, wanted: str | None) -> Address:
    own = [one for one in server.addresses if one.kind == "fixed" and one.version == 4]
    if not own:
        raise errors.Invalid("No fixed IPs associated to instance")
    found = [one for one in own if wanted in (None, one.address)]
    if not found:
        raise errors.Invalid("Specified fixed address not assigned to instance")
    return found[0]
