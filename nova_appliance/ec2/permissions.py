# SPDX-License-Identifier: Apache-2.0
"""IpPermissions of EC2 and rules of Neutron: one and the other way, and when two are the same."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

Row = dict[str, Any]
NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "ipv6-icmp": "58"}
WORDS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
WITH_PORTS = ("tcp", "udp")
ICMP = ("icmp", "icmpv6")
ALL = "-1"
EVERYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}
HIGHEST_PORT = 65535


def wanted(permission: Mapping[str, Any], groups: Mapping[str, str]) -> Iterator[Row]:
    """Neutron's rules of one IpPermission, without group and direction. Raises Fault.

    `groups` leads from what a UserIdGroupPair names (id or name) to Neutron's id.
    """
    base = _protocol(permission)
    for one in permission.get("IpRanges") or ():
        yield _with_cidr(base, one.get("CidrIp"), "IPv4", one)
    for one in permission.get("Ipv6Ranges") or ():
        yield _with_cidr(base, one.get("CidrIpv6"), "IPv6", one)
    for one in permission.get("UserIdGroupPairs") or ():
        named = one.get("GroupId") or one.get("GroupName")
        told = {"description": one.get("Description") or ""}
        yield base | told | {"ethertype": "IPv4", "remote_group_id": groups[str(named)]}


def _protocol(permission: Mapping[str, Any]) -> Row:
    """Protocol and ports of a permission."""
    asked = str(permission.get("IpProtocol") or "").lower()
    if not asked:
        raise Fault("MissingParameter", "A permission needs an IpProtocol.")
    if asked in (ALL, "all"):
        return {"protocol": None}
    word = WORDS.get(asked, asked)
    if word not in NUMBERS and not (asked.isdigit() and int(asked[:4]) < 256):
        raise Fault("InvalidParameterValue", f"Invalid value '{shown(asked)}' for IP protocol.")
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if word in WITH_PORTS:
        return {"protocol": word, **_ports(low, high)}
    if word in ICMP:
        return {"protocol": "ipv6-icmp" if word == "icmpv6" else word, **_icmp(low, high)}
    return {"protocol": asked}


def _ports(low: int | None, high: int | None) -> Row:
    if (low, high) in ((None, None), (-1, -1), (0, HIGHEST_PORT)):
        return {}
    if low is None or high is None or not 0 <= low <= high <= HIGHEST_PORT:
        raise Fault("InvalidParameterValue", f"Invalid TCP/UDP port range ({low}:{high})")
    return {"port_range_min": low, "port_range_max": high}


def _icmp(kind: int | None, code: int | None) -> Row:
    for number in (kind, code):
        if number is not None and not -1 <= number <= 255:
            raise Fault("InvalidParameterValue", f"Invalid ICMP type or code ({number})")
    if kind in (None, -1):
        return {}
    return {"port_range_min": kind} | ({} if code in (None, -1) else {"port_range_max": code})


def _with_cidr(base: Row, cidr: str | None, kind: str, one: Mapping[str, Any]) -> Row:
    try:
        network = ipaddress.ip_network(cidr or "", strict=False)
    except ValueError as error:
        raise Fault(
            "InvalidParameterValue", f"CIDR block {shown(cidr or '')} is malformed"
        ) from error
    if f"IPv{network.version}" != kind:
        raise Fault("InvalidParameterValue", f"CIDR block {cidr} is not {kind}.")
    told = {"description": one.get("Description") or ""}
    return base | told | {"ethertype": kind, "remote_ip_prefix": str(network)}


Key = tuple[Any, ...]


def key(rule: Mapping[str, Any]) -> Key:
    """What makes a rule the same as another, whatever the spelling."""
    protocol = rule.get("protocol")
    number = None if protocol is None else NUMBERS.get(str(protocol), str(protocol))
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if number in ("6", "17") and (low, high) == (0, HIGHEST_PORT):
        low = high = None
    source = rule.get("remote_group_id") or rule.get("remote_ip_prefix")
    return (rule["ethertype"], number, low, high, source or EVERYWHERE[rule["ethertype"]])


def protocol_of(rule: Mapping[str, Any]) -> Row:
    """IpProtocol, FromPort and ToPort of a rule of Neutron's."""
    protocol = rule.get("protocol")
    if protocol is None:
        return {"IpProtocol": ALL}
    number = NUMBERS.get(str(protocol), str(protocol))
    word = WORDS.get(number, number)
    low, high = rule.get("port_range_min"), rule.get("port_range_max")
    if word in WITH_PORTS:
        low, high = (0, HIGHEST_PORT) if low is None else (low, high)
        return {"IpProtocol": word, "FromPort": low, "ToPort": high}
    if word in ICMP:
        return {
            "IpProtocol": word,
            "FromPort": -1 if low is None else low,
            "ToPort": -1 if high is None else high,
        }
    return {"IpProtocol": word}


def show(rules: Iterable[Row], groups: Mapping[str, Row], account: str) -> list[Row]:
    """Rules of one group and direction as IpPermissions; `groups`: id > {GroupId, GroupName}."""
    found: dict[Key, Row] = {}
    for rule in rules:
        protocol = protocol_of(rule)
        empty: Row = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
        permission = found.setdefault(tuple(protocol.values()), protocol | empty)
        name, value = source(rule, groups, account)
        permission[name].append(value)
    return list(found.values())


def source(rule: Row, groups: Mapping[str, Row], account: str) -> tuple[str, Row]:
    """In which list of an IpPermission a rule's source or target stands, and how."""
    told = {"Description": rule["description"]} if rule.get("description") else {}
    remote = rule.get("remote_group_id")
    if remote:
        named = groups.get(remote) or {"GroupId": "sg-00000000"}
        return "UserIdGroupPairs", {"UserId": account, "GroupId": named["GroupId"]} | told
    cidr = rule.get("remote_ip_prefix") or EVERYWHERE[rule["ethertype"]]
    if rule["ethertype"] == "IPv6":
        return "Ipv6Ranges", {"CidrIpv6": cidr} | told
    return "IpRanges", {"CidrIp": cidr} | told
