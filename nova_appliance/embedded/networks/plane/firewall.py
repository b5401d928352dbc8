# SPDX-License-Identifier: Apache-2.0
"""Security groups as nftables tables: pure functions from what is wanted to what the kernel is told.

The bridge family filters by tap; as this kernel family may lack connection tracking, the inet
family (through br_netfilter, on our bridges only) writes the state of the connection on the packet.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from nova_appliance.embedded.networks.plane import names
from nova_appliance.embedded.networks.plane.nft import Chain, Group, Table
from nova_appliance.embedded.networks.plane.wanted import Bridge, Guest, Wanted
from nova_appliance.embedded.networks.security_groups import ICMP, WITH_PORTS, number_of
from nova_appliance.embedded.store import Row

KNOWN_BIT, OURS_BIT = 0x80000000, 0x40000000
KNOWN = f"meta mark & {KNOWN_BIT:#x} == {KNOWN_BIT:#x}"
OURS = f"meta mark & {OURS_BIT:#x} == {OURS_BIT:#x}"
# Behind br_netfilter's own hooks, which stand at -1 and 0.
_AFTER = "priority 10; policy accept;"
_TAPS = "type ifname : verdict;"
_DISCOVERY = "icmpv6 type { 130, 131, 132, 133, 135, 136, 143 }"
_NONE = "0.0.0.0"  # noqa: S104 - the sender that has no address yet
_FAMILY = {"IPv4": "ip", "IPv6": "ip6"}


def bridge_table(wanted: Wanted) -> Table:
    """The filter: two chains for each guest, two for each group that guests use."""
    chains = dict(_HOOKS)
    used = {group_id for guest in wanted.guests for group_id in guest.groups}
    for group_id in sorted(used):
        own = [rule for rule in wanted.rules if rule["group_id"] == group_id]
        for direction in ("ingress", "egress"):
            lines = (rule_text(rule) for rule in own if rule["direction"] == direction)
            chains[_group_chain(direction, group_id)] = Chain(tuple(lines))
    for guest in wanted.guests:
        if guest.secured and guest.up:
            chains["out-" + guest.tap] = Chain(tuple(from_guest(guest)))
            chains["in-" + guest.tap] = Chain(tuple(to_guest(guest)))
    return Table("bridge", names.FILTER, _groups(wanted), chains)


_HOOKS = {
    "sent": Chain(
        ("iifname vmap @senders", f'{OURS} iifname "tap*" drop'),
        f"type filter hook prerouting {_AFTER}",
    ),
    "bridged": Chain(
        ("oifname vmap @receivers", f'{OURS} oifname "tap*" drop'),
        f"type filter hook forward {_AFTER}",
    ),
    "from_machine": Chain(("oifname vmap @receivers",), f"type filter hook output {_AFTER}"),
    "to_machine": Chain(("iifname @inside drop",), f"type filter hook input {_AFTER}"),
}


def _groups(wanted: Wanted) -> dict[str, Group]:
    guests = wanted.guests
    inside = frozenset(f'"{guest.tap}"' for guest in guests if not guest.external)
    groups = {
        "senders": Group("map", _TAPS, frozenset(_verdict(guest, "out-") for guest in guests)),
        "receivers": Group("map", _TAPS, frozenset(_verdict(guest, "in-") for guest in guests)),
        "inside": Group("set", "type ifname;", inside),
    }
    for group_id, ips in wanted.members.items():
        for version, kind in ((4, "ipv4_addr"), (6, "ipv6_addr")):
            own = frozenset(ip for ip in ips if ipaddress.ip_address(ip).version == version)
            groups[_member_set(version, group_id)] = Group("set", f"type {kind};", own)
    return groups


def _verdict(guest: Guest, prefix: str) -> str:
    if not guest.up:
        return f'"{guest.tap}" : drop'
    return f'"{guest.tap}" : ' + (f"jump {prefix}{guest.tap}" if guest.secured else "accept")


def from_guest(guest: Guest) -> Iterable[str]:
    """What a guest may send: under its own addresses only, no DHCP answers, and what its groups let out."""
    v4 = [ip for ip in guest.ips if ":" not in ip]
    v6 = [ip for ip in guest.ips if ":" in ip] + [_link_local(mac) for mac in guest.macs]
    macs = _set(guest.macs)
    yield f"ether saddr != {macs} drop"
    yield f"ether type arp arp saddr ether {macs} arp saddr ip {_set([_NONE, *v4])} accept"
    yield "ether type != { ip, ip6 } drop"
    yield f"ip saddr {_set([_NONE, *v4])} udp sport 68 udp dport 67 accept"
    yield from _only("ip", v4)
    yield "ether type ip udp sport 67 udp dport 68 drop"
    yield "icmpv6 type nd-router-advert drop"
    yield "ip6 saddr :: icmpv6 type { 131, 132, 135, 143 } accept"
    yield from _only("ip6", v6)
    yield "ether type ip6 udp sport 547 udp dport 546 drop"
    yield f"{_DISCOVERY} accept"
    yield f"{KNOWN} accept"
    yield f"ip daddr {names.METADATA} tcp dport 80 accept"
    yield from (f"jump {_group_chain('egress', group_id)}" for group_id in guest.groups)
    yield "drop"


def _only(family: str, values: list[str]) -> Iterable[str]:
    """Nothing from other addresses; a pair that allows every address takes the check away."""
    if not values:
        yield f"ether type {family} drop"
    elif not any(value.endswith("/0") for value in values):
        yield f"{family} saddr != {_set(values)} drop"


def to_guest(guest: Guest) -> Iterable[str]:
    """What reaches a guest: ARP, DHCP answers, neighbour discovery, answers, and what its groups let in."""
    yield "ether type arp accept"
    yield "ether type ip udp sport 67 udp dport 68 accept"
    yield "icmpv6 type { 130, 131, 132, 134, 135, 136 } accept"
    yield f"{KNOWN} accept"
    yield from (f"jump {_group_chain('ingress', group_id)}" for group_id in guest.groups)
    yield "drop"


def rule_text(rule: Row) -> str:
    """One rule of a security group."""
    family = _FAMILY[rule["ethertype"]]
    words = [f"ether type {family}", *_remote(rule, family), *_protocol(rule), "accept"]
    return " ".join(words)


def _remote(rule: Row, family: str) -> Iterable[str]:
    end = f"{family} " + ("saddr" if rule["direction"] == "ingress" else "daddr")
    prefix = rule["remote_ip_prefix"]
    if rule["remote_group_id"]:
        version = 4 if family == "ip" else 6
        yield f"{end} @{_member_set(version, rule['remote_group_id'])}"
    elif prefix and ipaddress.ip_network(prefix).prefixlen:
        yield f"{end} {prefix}"


def _protocol(rule: Row) -> Iterable[str]:
    number = number_of(rule["protocol"])
    low, high = rule["port_range_min"], rule["port_range_max"]
    if number is None:
        return
    if number in WITH_PORTS and low is not None:
        yield f"meta l4proto {number} th dport " + (f"{low}" if low == high else f"{low}-{high}")
    elif number in ICMP and low is not None:
        word = "icmp" if rule["ethertype"] == "IPv4" else "icmpv6"
        yield f"{word} type {low}" + (f" {word} code {high}" if high is not None else "")
    else:
        yield f"meta l4proto {number}"


def machine_table(bridges: Iterable[Bridge], nat_cidrs: Iterable[str]) -> Table:
    """Connection tracking for the bridges, a zone for each; no way from inside to the machine; NAT."""
    own = list(bridges)
    zones = ", ".join(f'"{one.name}" : {one.zone}' for one in own if one.zone)
    inside = frozenset(f'"{one.name}"' for one in own if not one.external)
    groups = {
        "bridges": Group("set", "type ifname;", frozenset(f'"{one.name}"' for one in own)),
        "inside": Group("set", "type ifname;", inside),
    }
    masquerade = (
        f"ip saddr {cidr} ip daddr != {cidr} oifname != @bridges masquerade" for cidr in nat_cidrs
    )
    know = f"ct state established,related meta mark set meta mark | {KNOWN_BIT:#x}"
    chains = {
        "zone": Chain(
            (f"ct zone set iifname map {{ {zones} }}",) if zones else (),
            "type filter hook prerouting priority -300; policy accept;",
        ),
        "stamp": Chain(
            (
                f"iifname @bridges meta mark set meta mark | {OURS_BIT:#x}",
                f"iifname @bridges {know}",
            ),
            "type filter hook prerouting priority -150; policy accept;",
        ),
        "stamp_own": Chain(
            (f"oifname @bridges {know}",), "type filter hook output priority 0; policy accept;"
        ),
        "machine": Chain(
            ("iifname @inside drop",), "type filter hook input priority 0; policy accept;"
        ),
        "routed": Chain(
            ("iifname @inside oifname != @inside drop", "iifname != @inside oifname @inside drop"),
            "type filter hook forward priority 0; policy accept;",
        ),
        "out": Chain(tuple(masquerade), "type nat hook postrouting priority 100; policy accept;"),
    }
    return Table("inet", names.FILTER, groups, chains)


def _group_chain(direction: str, group_id: str) -> str:
    return f"{direction}-{group_id}"


def _member_set(version: int, group_id: str) -> str:
    return f"members{version}-{group_id}"


def _set(values: Iterable[str]) -> str:
    """An anonymous set; prefixes inside others are left out, as nft refuses overlaps."""
    return "{ " + ", ".join(_without_overlaps(list(dict.fromkeys(values)))) + " }"


def _without_overlaps(values: list[str]) -> list[str]:
    if not any("/" in value for value in values):
        return values
    networks = [ipaddress.ip_network(value) for value in values]
    return [str(one) for one in ipaddress.collapse_addresses(networks)]  # type: ignore[type-var]


def _link_local(mac: str) -> str:
    parts = [int(part, 16) for part in mac.split(":")]
    parts[0] ^= 2
    made = bytes([0xFE, 0x80, *([0] * 6), *parts[:3], 0xFF, 0xFE, *parts[3:]])
    return str(ipaddress.IPv6Address(made))
