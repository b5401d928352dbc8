# SPDX-License-Identifier: Apache-2.0
"""network_data.json: one link a port, its addresses by DHCP or told outright. Pure.

Source: ec2-console-cert-hypervisor.md section 2, and what cloud-init's OpenStack source reads.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.domain.guest import Vif
from nova_appliance.domain.guest_data import Facts, Subnet
from nova_appliance.domain.server import Address

Row = dict[str, Any]
V6_KINDS = {
    "slaac": "ipv6_slaac",
    "dhcpv6-stateless": "ipv6_dhcpv6-stateless",
    "dhcpv6-stateful": "ipv6_dhcpv6-stateful",
}


def network_data(facts: Facts) -> Row:
    """The whole file."""
    links = [_link(vif) for vif in facts.vifs]
    networks: list[Row] = []
    for vif in facts.vifs:
        for address in facts.server.addresses:
            if address.port_id == vif.port_id and address.kind == "fixed":
                networks.append(_network(len(networks), vif, address, _subnet(facts, address)))
    services: dict[str, Row] = {}
    for network in networks:
        services |= {row["address"]: row for row in network.get("services", ())}
    return {"links": links, "networks": networks, "services": list(services.values())}


def _link(vif: Vif) -> Row:
    return {
        "id": vif.device,
        "vif_id": vif.port_id,
        "type": vif.kind,
        "ethernet_mac_address": vif.mac,
        "mtu": vif.mtu,
    }


def _subnet(facts: Facts, address: Address) -> Subnet | None:
    known = facts.subnets.get(address.port_id, ())
    return next((subnet for subnet in known if subnet.address == address.address), None)


def _network(number: int, vif: Vif, address: Address, subnet: Subnet | None) -> Row:
    row = {
        "id": f"network{number}",
        "type": _kind(address.version, subnet),
        "link": vif.device,
        "network_id": address.network_id,
    }
    return row if subnet is None or row["type"].endswith("_dhcp") else row | _outright(subnet)


def _kind(version: int, subnet: Subnet | None) -> str:
    if subnet and subnet.v6_mode in V6_KINDS:
        return V6_KINDS[subnet.v6_mode]
    by_dhcp = subnet is None or (version == 4 and subnet.dhcp)
    return f"ipv{version}_dhcp" if by_dhcp else f"ipv{version}"


def _outright(subnet: Subnet) -> Row:
    """The address itself, its routes and name servers."""
    network = ipaddress.ip_network(subnet.cidr)
    routes = [_route(*route) for route in subnet.routes]
    if subnet.gateway:
        routes.insert(0, _route("0.0.0.0/0" if network.version == 4 else "::/0", subnet.gateway))
    return {
        "ip_address": subnet.address,
        "netmask": str(network.netmask),
        "routes": routes,
        "services": [{"type": "dns", "address": address} for address in subnet.dns],
    }


def _route(destination: str, gateway: str) -> Row:
    network = ipaddress.ip_network(destination)
    return {
        "network": str(network.network_address),
        "netmask": str(network.netmask),
        "gateway": gateway,
    }
