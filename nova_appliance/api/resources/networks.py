# SPDX-License-Identifier: Apache-2.0
"""The old proxies to networks (to 2.35), long and short: little is left to show in them."""

from __future__ import annotations

from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import proxies as rules
from nova_appliance.api.request import Request
from nova_appliance.clients import network_nouns
from nova_appliance.clients.network_nouns import Network
from nova_appliance.common import errors

LAST = "2.35"
FIELDS = [
    "cidr",
    "netmask",
    "gateway",
    "broadcast",
    "dns1",
    "dns2",
    "cidr_v6",
    "gateway_v6",
    "netmask_v6",
]
ADMIN_FIELDS = [
    "created_at",
    "updated_at",
    "deleted_at",
    "deleted",
    "injected",
    "bridge",
    "vlan",
    "vpn_public_address",
    "vpn_public_port",
    "vpn_private_address",
    "dhcp_start",
    "project_id",
    "host",
    "bridge_interface",
    "multi_host",
    "priority",
    "rxtx_base",
    "mtu",
    "dhcp_server",
    "enable_dhcp",
    "share_address",
]
"""The network service does not tell these; they are null."""


@operation(policy=rules.NETWORKS_LIST, until=LAST)
def index(req: Request) -> dict[str, Any]:
    """GET /os-networks."""
    return {"networks": [_long(req, network) for network in _visible(req)]}


@operation(policy=rules.NETWORKS_SHOW, errors=(404,), until=LAST)
def show(req: Request, network_id: str) -> dict[str, Any]:
    """GET /os-networks/{network_id}."""
    return {"network": _long(req, _find(req, network_id))}


@operation(policy=rules.TENANT_NETWORKS_LIST, until=LAST)
def tenant_index(req: Request) -> dict[str, Any]:
    """GET /os-tenant-networks."""
    return {"networks": [_short(network) for network in _visible(req)]}


@operation(policy=rules.TENANT_NETWORKS_SHOW, errors=(404,), until=LAST)
def tenant_show(req: Request, network_id: str) -> dict[str, Any]:
    """GET /os-tenant-networks/{network_id}."""
    return {"network": _short(_find(req, network_id))}


def _visible(req: Request) -> tuple[Network, ...]:
    """All that the network service shows to the caller: external ones too, to administrators any."""
    rows = req.cloud.networks.rows.list_(req.context, "networks")
    return tuple(network_nouns.network(row) for row in rows)


def _find(req: Request, network_id: str) -> Network:
    missing = errors.NotFound("Network not found")
    try:
        network = req.cloud.networks.get(network_id, req.context)
    except errors.NotFound as error:
        raise missing from error
    mine = network.project_id == req.context.project_id or network.shared or network.external
    if not (mine or req.context.is_admin):
        raise missing
    return network


def _long(req: Request, network: Network) -> dict[str, Any]:
    unknown = [*FIELDS, *(ADMIN_FIELDS if req.context.is_admin else ())]
    return dict.fromkeys(unknown) | {"id": network.id, "label": network.name}


def _short(network: Network) -> dict[str, Any]:
    return {"id": network.id, "cidr": "None", "label": network.name}
