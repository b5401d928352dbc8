# SPDX-License-Identifier: Apache-2.0
"""What should be there, read from the rows in a handful of statements: plain data, nothing done."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections import defaultdict
from typing import Any

from nova_appliance.embedded.networks import nouns
from nova_appliance.embedded.networks.plane import names
from nova_appliance.embedded.networks.ports import DHCP, GATEWAY, INTERFACE
from nova_appliance.embedded.store import Row, Store


@dataclasses.dataclass(frozen=True)
class Bridge:
    """A network on this machine; only external ones have `addresses` of the machine itself."""

    network_id: str
    name: str
    mtu: int
    zone: int
    external: bool
    addresses: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Cable:
    """A veth pair from a bridge into a namespace."""

    port_id: str
    outer: str
    inner: str
    bridge: str
    mac: str
    mtu: int
    addresses: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Range:
    """One subnet as the DHCP service offers it."""

    cidr: str
    gateway: str | None
    dns: tuple[str, ...]
    routes: tuple[tuple[str, str], ...]
    server: str = ""
    """The DHCP service's own address in the subnet: the way to metadata."""


@dataclasses.dataclass(frozen=True)
class Lease:
    """What the DHCP service tells one port."""

    port_id: str
    mac: str
    ips: tuple[str, ...]
    name: str
    options: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Dhcp:
    """The DHCP service of a network."""

    network_id: str
    namespace: str
    cable: Cable
    ranges: tuple[Range, ...]
    leases: tuple[Lease, ...]


@dataclasses.dataclass(frozen=True)
class Router:
    """A router: its cables, where it sends the rest, and what it translates (floating, fixed)."""

    router_id: str
    namespace: str
    cables: tuple[Cable, ...]
    outside: str
    default_route: str
    snat_ip: str
    floating: tuple[tuple[str, str], ...]
    routes: tuple[tuple[str, str], ...]
    networks: tuple[str, ...] = ()
    """The networks inside."""


@dataclasses.dataclass(frozen=True)
class Guest:
    """A port of a server, as the filter sees it."""

    port_id: str
    tap: str
    external: bool
    up: bool
    secured: bool
    macs: tuple[str, ...]
    ips: tuple[str, ...]
    groups: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """All of it; `members` are the addresses of each group that some rule names as its remote."""

    bridges: tuple[Bridge, ...]
    dhcps: tuple[Dhcp, ...]
    routers: tuple[Router, ...]
    guests: tuple[Guest, ...]
    rules: tuple[Row, ...]
    members: dict[str, frozenset[str]]


class _Rows:
    """The tables, read once and looked up by many keys."""

    def __init__(self, store: Store) -> None:
        self.networks = {row["id"]: row for row in _read(store, "networks")}
        self.subnets = {row["id"]: row for row in _read(store, "subnets")}
        self.ports = {row["id"]: row for row in _read(store, "ports")}
        self.routers = _read(store, "routers")
        self.floating = store.all("SELECT * FROM floatingips WHERE port_id IS NOT NULL")
        self.rules = store.all("SELECT * FROM rules ORDER BY id")
        self.addresses: dict[str, list[Row]] = defaultdict(list)
        for row in store.all("SELECT * FROM addresses ORDER BY port_id, position"):
            self.addresses[row["port_id"]].append(row)
        self.groups: dict[str, list[str]] = defaultdict(list)
        for row in store.all("SELECT * FROM port_groups ORDER BY port_id, group_id"):
            self.groups[row["port_id"]].append(row["group_id"])


def read(store: Store) -> Wanted:
    """What the rows want now."""
    with store.snapshot():
        rows = _Rows(store)
    return Wanted(
        bridges=tuple(_bridge(rows, network) for network in rows.networks.values()),
        dhcps=tuple(_dhcp(rows, port) for port in rows.ports.values() if _is(port, DHCP)),
        routers=tuple(_router(rows, row) for row in rows.routers if row["admin_state_up"]),
        guests=tuple(_guest(rows, port) for port in rows.ports.values() if _is_guest(port)),
        rules=tuple(rows.rules),
        members=_members(rows),
    )


def _read(store: Store, table: str) -> list[Row]:
    return [nouns.decode(row) for row in store.all(f"SELECT * FROM {table} ORDER BY id")]  # noqa: S608


def _is(port: Row, owner: str) -> bool:
    return bool(port["device_owner"] == owner)


def _is_guest(port: Row) -> bool:
    return bool(port["host_id"]) and not port["device_owner"].startswith("network:")


def _bridge(rows: _Rows, network: Row) -> Bridge:
    own = [row for row in rows.subnets.values() if row["network_id"] == network["id"]]
    gateways = [
        f"{row['gateway_ip']}/{_length(row['cidr'])}"
        for row in own
        if network["external"] and row["gateway_ip"] and row["ip_version"] == 4
    ]
    return Bridge(
        network_id=network["id"],
        name=names.bridge(network["id"]),
        mtu=network["mtu"],
        zone=0 if network["external"] else network["zone"],
        external=network["external"],
        addresses=tuple(gateways),
    )


def _length(cidr: str) -> int:
    return ipaddress.ip_network(cidr).prefixlen


def _cable(rows: _Rows, port: Row, prefix: str) -> Cable:
    own = [
        f"{address['ip']}/{_length(rows.subnets[address['subnet_id']]['cidr'])}"
        for address in rows.addresses[port["id"]]
    ]
    return Cable(
        port_id=port["id"],
        outer=names.outer(port["id"]),
        inner=names.inner(prefix, port["id"]),
        bridge=names.bridge(port["network_id"]),
        mac=port["mac_address"],
        mtu=rows.networks[port["network_id"]]["mtu"],
        addresses=tuple(own),
    )


def _dhcp(rows: _Rows, port: Row) -> Dhcp:
    network_id = port["network_id"]
    offered = [rows.subnets[row["subnet_id"]] for row in rows.addresses[port["id"]]]
    own = {row["subnet_id"]: row["ip"] for row in rows.addresses[port["id"]]}
    guests = [
        other
        for other in rows.ports.values()
        if other["network_id"] == network_id and not other["device_owner"].startswith("network:")
    ]
    leases = (lease(other, _offered(rows, other, set(own))) for other in guests)
    return Dhcp(
        network_id=network_id,
        namespace=names.dhcp_namespace(network_id),
        cable=_with_metadata(_cable(rows, port, "ns-")),
        ranges=tuple(_range(subnet, own[subnet["id"]]) for subnet in offered),
        leases=tuple(one for one in leases if one.ips),
    )


def _offered(rows: _Rows, port: Row, subnet_ids: set[str]) -> list[Row]:
    return [row for row in rows.addresses[port["id"]] if row["subnet_id"] in subnet_ids]


def lease(port: Row, addresses: list[Row]) -> Lease:
    """A port's lease: at most one address of each subnet, as DHCP has it."""
    firsts = {row["subnet_id"]: row["ip"] for row in reversed(addresses)}
    options = [(option["opt_name"], option.get("opt_value", "")) for option in _options(port)]
    return Lease(
        port_id=port["id"],
        mac=port["mac_address"],
        ips=tuple(sorted(firsts.values())),
        name=port["dns_name"],
        options=tuple(options),
    )


def _options(port: Row) -> list[dict[str, Any]]:
    return [option for option in port["extra_dhcp_opts"] if option.get("ip_version", 4) in {4, "4"}]


def _with_metadata(cable: Cable) -> Cable:
    return dataclasses.replace(cable, addresses=(*cable.addresses, f"{names.METADATA}/32"))


def _range(subnet: Row, server: str) -> Range:
    routes = [(row["destination"], row["nexthop"]) for row in subnet["host_routes"]]
    dns = tuple(subnet["dns_nameservers"])
    return Range(subnet["cidr"], subnet["gateway_ip"], dns, tuple(routes), server)


def _router(rows: _Rows, router: Row) -> Router:
    own = [port for port in rows.ports.values() if port["device_id"] == router["id"]]
    inside = [_cable(rows, port, "qr-") for port in own if _is(port, INTERFACE)]
    gateways = [port for port in own if _is(port, GATEWAY)]
    outside = _cable(rows, gateways[0], "qg-") if gateways else None
    floating = [
        (row["floating_ip_address"], row["fixed_ip_address"])
        for row in rows.floating
        if row["router_id"] == router["id"]
    ]
    gateway_rows = rows.addresses[gateways[0]["id"]] if gateways else []
    first = next((row for row in gateway_rows if ":" not in row["ip"]), None)
    return Router(
        router_id=router["id"],
        namespace=names.router_namespace(router["id"]),
        cables=tuple(inside + ([_with_floating(outside, floating)] if outside else [])),
        outside=outside.inner if outside else "",
        default_route=(rows.subnets[first["subnet_id"]]["gateway_ip"] or "") if first else "",
        snat_ip=first["ip"] if first and router["enable_snat"] else "",
        floating=tuple(sorted(floating)) if outside else (),
        routes=tuple((row["destination"], row["nexthop"]) for row in router["routes"]),
        networks=tuple(sorted({port["network_id"] for port in own if _is(port, INTERFACE)})),
    )


def _with_floating(cable: Cable, floating: list[tuple[str, str]]) -> Cable:
    more = tuple(sorted(f"{address}/32" for address, _ in floating))
    return dataclasses.replace(cable, addresses=cable.addresses + more)


def _guest(rows: _Rows, port: Row) -> Guest:
    pairs = port["allowed_address_pairs"]
    macs = {port["mac_address"], *(pair["mac_address"] for pair in pairs if "mac_address" in pair)}
    own = [row["ip"] for row in rows.addresses[port["id"]]]
    return Guest(
        port_id=port["id"],
        tap=names.tap(port["id"]),
        external=rows.networks[port["network_id"]]["external"],
        up=port["admin_state_up"],
        secured=port["port_security_enabled"],
        macs=tuple(sorted(macs)),
        ips=tuple(own + [pair["ip_address"] for pair in pairs if pair["ip_address"] not in own]),
        groups=tuple(rows.groups[port["id"]]),
    )


def _members(rows: _Rows) -> dict[str, frozenset[str]]:
    named = {row["remote_group_id"] for row in rows.rules if row["remote_group_id"]}
    found: dict[str, set[str]] = {group_id: set() for group_id in named}
    for port_id, groups in rows.groups.items():
        for group_id in named.intersection(groups):
            found[group_id].update(row["ip"] for row in rows.addresses[port_id])
    return {group_id: frozenset(ips) for group_id, ips in found.items()}
