# SPDX-License-Identifier: Apache-2.0
"""Bridges, namespaces and cables: what is there, and the `ip` commands from there to what is wanted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.common.run import run
from nova_appliance.embedded.networks.plane import names
from nova_appliance.embedded.networks.plane.wanted import Bridge, Cable, Router

ALIAS = "nova-appliance"
OURS = ("ns-", "qr-", "qg-")
_FLAGS = ("nf_call_iptables", "nf_call_ip6tables")


@dataclasses.dataclass(frozen=True)
class Link:
    """A device as it is."""

    name: str
    up: bool
    mtu: int
    mac: str
    master: str
    filtered: bool
    addresses: frozenset[str]


Links = Mapping[str, Link]


def read(namespace: str = "") -> dict[str, Link]:
    """The devices of the machine, or of a namespace."""
    inside = ["-n", namespace] if namespace else []
    told = run(["ip", *inside, "-json", "-details", "address", "show"]) or "[]"
    return {one["ifname"]: _link(one) for one in json.loads(told) if "ifname" in one}


def _link(told: dict[str, Any]) -> Link:
    data = told.get("linkinfo", {}).get("info_data", {})
    own = (
        f"{address['local']}/{address['prefixlen']}"
        for address in told.get("addr_info", ())
        if "local" in address and not str(address["local"]).startswith("fe80:")
    )
    return Link(
        name=told["ifname"],
        up="UP" in told["flags"],
        mtu=told["mtu"],
        mac=told.get("address", ""),
        master=told.get("master", ""),
        filtered=all(data.get(flag) for flag in _FLAGS),
        addresses=frozenset(own),
    )


def read_routes(namespace: str) -> frozenset[tuple[str, str]]:
    """The routes of a namespace that have a gateway: (destination, gateway)."""
    told = run(["ip", "-n", namespace, "-json", "route", "show"]) or "[]"
    return frozenset((one["dst"], one["gateway"]) for one in json.loads(told) if "gateway" in one)


def plan_bridge(bridge: Bridge, link: Link | None) -> list[str]:
    """Commands that make a bridge right; it filters by our tables, and has no addresses inside."""
    lines = []
    name = bridge.name
    if link is None:
        fixed = f"address {names.bridge_mac(bridge.network_id)} " if bridge.external else ""
        lines.append(f"link add {name} {fixed}type bridge mcast_snooping 0")
        lines.append(f"link set {name} addrgenmode none alias {ALIAS}")
    if link is None or not link.filtered:
        lines.append(f"link set {name} type bridge " + " ".join(f"{flag} 1" for flag in _FLAGS))
    return [*lines, *_finish(name, bridge.mtu, frozenset(bridge.addresses), link)]


def plan_outer(cable: Cable, namespace: str, machine: Links, there: Links) -> list[str]:
    """Commands in the root namespace: lay the cable, plug it into the bridge."""
    link, lines = machine.get(cable.outer), []
    if link is None or cable.inner not in there:
        if link is not None:
            lines.append(f"link delete {cable.outer}")
        link = None
        lines.append(
            f"link add {cable.outer} type veth peer name {cable.inner} address {cable.mac} "
            f"netns {namespace}"
        )
        lines.append(f"link set {cable.outer} addrgenmode none alias {ALIAS}")
    if link is None or link.master != cable.bridge:
        lines.append(f"link set {cable.outer} master {cable.bridge}")
    return [*lines, *_finish(cable.outer, cable.mtu, frozenset(), link)]


def plan_inner(cables: Iterable[Cable], there: Links) -> list[str]:
    """Commands inside a namespace: addresses of the cables, and away with what is not wanted."""
    own = list(cables)
    wanted = {cable.inner for cable in own}
    gone = [name for name in there if name.startswith(OURS) and name not in wanted]
    lines = [f"link delete {name}" for name in gone]
    if not (there["lo"].up if "lo" in there else False):
        lines.append("link set lo up")
    for cable in own:
        link = there.get(cable.inner)
        if link and link.mac != cable.mac:
            lines.append(f"link set {cable.inner} address {cable.mac}")
        lines += _finish(cable.inner, cable.mtu, frozenset(cable.addresses), link)
    return lines


def plan_routes(router: Router, present: frozenset[tuple[str, str]]) -> list[str]:
    """Commands for a router's default route and its static routes; a static default counts first."""
    wanted = {(_as_shown(to), via) for to, via in router.routes}
    if router.default_route and not any(to == "default" for to, _ in wanted):
        wanted.add(("default", router.default_route))
    return [
        *(f"route delete {to} via {via}" for to, via in sorted(present - wanted)),
        *(f"route replace {to} via {via}" for to, via in sorted(wanted - present)),
    ]


def _as_shown(destination: str) -> str:
    """As `ip route show` writes it."""
    return "default" if destination == "0.0.0.0/0" else destination.removesuffix("/32")


def _finish(name: str, mtu: int, addresses: frozenset[str], link: Link | None) -> list[str]:
    have = link.addresses if link else frozenset()
    lines = [f"address delete {one} dev {name}" for one in sorted(have - addresses)]
    lines += [f"address add {one} dev {name}" for one in _widest_first(addresses - have)]
    if link is None or link.mtu != mtu:
        lines.append(f"link set {name} mtu {mtu}")
    if link is None or not link.up:
        lines.append(f"link set {name} up")
    return lines


def _widest_first(addresses: Iterable[str]) -> list[str]:
    """The subnet's own address before single ones, so that it stays the source of what is sent."""
    return sorted(addresses, key=lambda one: (int(one.rsplit("/", 1)[1]), one))


def batch(lines: list[str], namespace: str = "") -> None:
    """Run commands in one `ip`; the first that fails ends it."""
    if lines:
        inside = ["-n", namespace] if namespace else []
        run(["ip", *inside, "-batch", "-"], given="".join(f"{line}\n" for line in lines))
