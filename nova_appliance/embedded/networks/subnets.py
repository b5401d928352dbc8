# SPDX-License-Identifier: Apache-2.0
"""Subnets: the addresses of a network; one that offers DHCP gives the network a DHCP port."""

from __future__ import annotations

import ipaddress
import itertools
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded import checks
from nova_appliance.embedded.checks import boolean, list_of, nullable, one_of, record, uuid
from nova_appliance.embedded.networks import addresses, faults, nouns, ports
from nova_appliance.embedded.networks.addresses import Network, Wish
from nova_appliance.embedded.networks.networks import NETWORK
from nova_appliance.embedded.networks.nouns import COMMON, NEEDED, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row

DHCP_DEVICE = "dhcp"
LONGEST_IPV6 = 64
_UNUSED = ("ipv6_address_mode", "ipv6_ra_mode", "subnetpool_id", "use_default_subnetpool")
_ABSENT = "absent"


def views(_reader: Reader, rows: list[Row], _settings: Settings) -> list[dict[str, Any]]:
    """Subnets as clients see them."""
    plain = [
        "network_id",
        "ip_version",
        "cidr",
        "gateway_ip",
        "enable_dhcp",
        "allocation_pools",
        "dns_nameservers",
        "host_routes",
    ]
    empty = dict.fromkeys(("ipv6_address_mode", "ipv6_ra_mode", "subnetpool_id"))
    return [
        nouns.common_view(row)
        | {key: row[key] for key in plain}
        | empty
        | {"service_types": [], "dns_publish_fixed_ip": False}
        for row in rows
    ]


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Add a subnet, its address pools, and the DHCP service's address in it."""
    nouns.find_own(deed.tx, NETWORK, values["network_id"], deed.caller)
    if values["cidr"] is None:
        raise errors.Invalid("A cidr must be specified: there are no subnet pools here.")
    row = {key: value for key, value in values.items() if key not in _UNUSED}
    network = ipaddress.ip_network(row["cidr"])
    if network.version != row["ip_version"]:
        raise faults.InvalidInput(
            f"Invalid input for operation: The CIDR {network} is not of IP version "
            f"{row['ip_version']}."
        )
    _check_versions(row["ip_version"], row)
    _check_size(network)
    _check_overlap(deed, row["network_id"], network)
    if row["gateway_ip"] == _ABSENT:
        row["gateway_ip"] = str(network.network_address + (network.num_addresses > 1))
    _check_gateway(network, row["gateway_ip"])
    given = row["allocation_pools"]
    row["allocation_pools"] = given or addresses.default_pools(row["cidr"], row["gateway_ip"])
    _check_pools(network, row["allocation_pools"], row["gateway_ip"])
    row["last_place"] = -(2**63) if network.version == 6 else 0
    subnet_id = nouns.add(deed, SUBNET, row)
    _keep_dhcp_port(deed, row["network_id"])
    return subnet_id


def _check_versions(version: int, values: dict[str, Any]) -> None:
    """Name servers and routes are of the subnet's own IP version."""
    told = list(values.get("dns_nameservers", ()))
    for route in values.get("host_routes", ()):
        told += [route["destination"], route["nexthop"]]
    for one in told:
        if ipaddress.ip_network(one).version != version:
            raise faults.InvalidInput(
                f"Invalid input for operation: {one} does not match the ip_version {version}."
            )


def _check_size(network: Network) -> None:
    if network.version == 6 and network.prefixlen < LONGEST_IPV6:
        raise errors.Invalid(f"IPv6 subnets must be /{LONGEST_IPV6} or smaller, not {network}.")
    if network.prefixlen == 0 or network.is_multicast:
        raise faults.InvalidInput(f"Invalid input for operation: {network} cannot be a subnet.")


def _check_overlap(deed: Deed, network_id: str, network: Network) -> None:
    for other in deed.tx.all("SELECT cidr FROM subnets WHERE network_id = ?", network_id):
        present = ipaddress.ip_network(other["cidr"])
        if present.version == network.version and present.overlaps(network):
            raise faults.InvalidInput(
                f"Invalid input for operation: Requested subnet with cidr: {network} for network: "
                f"{network_id} overlaps with another subnet."
            )


def _check_gateway(network: Network, gateway: str | None) -> None:
    if gateway and ipaddress.ip_address(gateway) not in network:
        raise faults.InvalidInput(
            f"Invalid input for operation: Gateway is not valid on subnet {network}."
        )


def _check_pools(network: Network, pools: list[dict[str, str]], gateway: str | None) -> None:
    first, last = addresses.host_range(network)
    spans = []
    for pool in pools:
        ends = [ipaddress.ip_address(pool[key]) for key in ("start", "end")]
        low, high = int(ends[0]), int(ends[1])
        if any(end.version != network.version for end in ends) or not first <= low <= high <= last:
            raise faults.InvalidInput(
                f"Invalid input for operation: The allocation pool {pool['start']}-{pool['end']} "
                f"is not valid for subnet {network}."
            )
        if gateway and low <= int(ipaddress.ip_address(gateway)) <= high:
            raise errors.Conflict(
                f"Gateway ip {gateway} conflicts with allocation pool "
                f"{pool['start']}-{pool['end']}."
            )
        spans.append((low, high))
    spans.sort()
    if any(one[1] >= other[0] for one, other in itertools.pairwise(spans)):
        raise errors.Conflict(f"Allocation pools of subnet {network} overlap.")


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Change a subnet."""
    network = ipaddress.ip_network(row["cidr"])
    _check_versions(row["ip_version"], changes)
    gateway = changes.get("gateway_ip", row["gateway_ip"])
    if gateway != row["gateway_ip"]:
        _check_gateway(network, gateway)
        _check_gateway_free(deed, row)
    if "allocation_pools" in changes or gateway != row["gateway_ip"]:
        pools = (
            changes["allocation_pools"]
            if "allocation_pools" in changes
            else row["allocation_pools"]
        )
        _check_pools(network, pools, gateway)
    nouns.touch(deed, SUBNET, row["id"], changes)
    _keep_dhcp_port(deed, row["network_id"])


def _check_gateway_free(deed: Deed, row: Row) -> None:
    sql = """SELECT ports.id FROM ports JOIN addresses ON port_id = ports.id
             WHERE subnet_id = ? AND ip = ? AND device_owner = ?"""
    held = deed.tx.one(sql, row["id"], row["gateway_ip"], ports.INTERFACE)
    if held:
        raise faults.GatewayIpInUse(
            f"Current gateway ip {row['gateway_ip']} already in use by port {held['id']}. "
            "Unable to update."
        )


def remove(deed: Deed, row: Row) -> None:
    """Remove a subnet in which nobody but the DHCP service has an address."""
    sql = """SELECT ports.id FROM ports JOIN addresses ON port_id = ports.id
             WHERE subnet_id = ? AND device_owner != ?"""
    if deed.tx.one(sql, row["id"], ports.DHCP):
        raise faults.SubnetInUse(
            f"Unable to complete operation on subnet {row['id']}: One or more ports have an IP "
            "allocation from this subnet."
        )
    deed.tx.run("DELETE FROM addresses WHERE subnet_id = ?", row["id"])
    deed.tx.run("DELETE FROM subnets WHERE id = ?", row["id"])
    _keep_dhcp_port(deed, row["network_id"])


def _keep_dhcp_port(deed: Deed, network_id: str) -> None:
    """The network's DHCP port has one address in each IPv4 subnet with DHCP, or is not there."""
    sql = """SELECT id FROM subnets WHERE network_id = ? AND enable_dhcp AND ip_version = 4
             ORDER BY rowid"""
    wishes = [Wish(subnet_id=row["id"]) for row in deed.tx.all(sql, network_id)]
    sql = "SELECT * FROM ports WHERE network_id = ? AND device_owner = ?"
    port = deed.tx.one(sql, network_id, ports.DHCP)
    if port and wishes:
        addresses.reassign(deed, port, wishes)
    elif port:
        ports.remove_row(deed, port["id"])
    elif wishes:
        owner = deed.tx.one("SELECT project_id FROM networks WHERE id = ?", network_id) or {}
        values = {"network_id": network_id, "device_owner": ports.DHCP, "device_id": DHCP_DEVICE}
        ports.add_row(deed, values | {"project_id": owner["project_id"]}, wishes)


def _mode(value: Any) -> None:
    if value is not None:
        raise errors.Invalid(
            f"'{value}' is not built: IPv6 subnets here have no router advertisements and no "
            "DHCPv6; servers set their IPv6 addresses by themselves."
        )


def _no_pool(value: Any) -> None:
    if value not in (None, False, ""):
        raise errors.Invalid("there are no subnet pools here.")


def _ip_version(value: Any) -> Any:
    return one_of(4, 6)(checks.integer(0, 9)(value))


_POOL = record({"start": checks.ip, "end": checks.ip}, ("start", "end"))
_ROUTE = record({"destination": checks.cidr, "nexthop": checks.ip}, ("destination", "nexthop"))
SUBNET = Noun(
    one="subnet",
    many="subnets",
    table="subnets",
    missing=faults.SubnetNotFound,
    attributes=COMMON
    | {
        "network_id": Attribute(uuid, NEEDED, put=False),
        "ip_version": Attribute(_ip_version, 4, put=False),
        "cidr": Attribute(nullable(checks.cidr), None, put=False),
        "gateway_ip": Attribute(nullable(checks.ip), _ABSENT),
        "enable_dhcp": Attribute(boolean, default=True),
        "allocation_pools": Attribute(list_of(_POOL, 100), []),
        "dns_nameservers": Attribute(list_of(checks.ip, 16), []),
        "host_routes": Attribute(list_of(_ROUTE, 64), []),
        "ipv6_address_mode": Attribute(_mode, None, put=False),
        "ipv6_ra_mode": Attribute(_mode, None, put=False),
        "subnetpool_id": Attribute(_no_pool, None, put=False),
        "use_default_subnetpool": Attribute(_no_pool, None, put=False),
    },
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={key: key for key in ("id", "name", "project_id", "network_id", "cidr")},
    open_to="network_id IN (SELECT id FROM networks WHERE shared)",
)
