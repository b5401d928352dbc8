# SPDX-License-Identifier: Apache-2.0
"""Security groups of the network service in Nova's old words: only what comes in has rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = Mapping[str, Any]
ANYWHERE = {"IPv4": "0.0.0.0/0", "IPv6": "::/0"}


def group(row: Row, others: Mapping[str, Row]) -> dict[str, Any]:
    """A group; `others` are the groups that its rules may name, by id."""
    incoming = [one for one in row["security_group_rules"] if one["direction"] == "ingress"]
    known = [one for one in incoming if not _is_dangling(one, others)]
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "tenant_id": row["tenant_id"],
        "rules": [rule(one, others) for one in known],
    }


def rule(row: Row, others: Mapping[str, Row]) -> dict[str, Any]:
    """A rule: from a group, or from a range of addresses."""
    first, last = _ports(row)
    named = others.get(row["remote_group_id"] or "")
    source = {"name": named["name"], "tenant_id": named["tenant_id"]} if named else {}
    cidr = row["remote_ip_prefix"] or ANYWHERE.get(row["ethertype"], ANYWHERE["IPv4"])
    return {
        "id": row["id"],
        "parent_group_id": row["security_group_id"],
        "ip_protocol": row["protocol"],
        "from_port": first,
        "to_port": last,
        "group": source,
        "ip_range": {} if row["remote_group_id"] else {"cidr": cidr},
    }


def _is_dangling(row: Row, others: Mapping[str, Row]) -> bool:
    return bool(row["remote_group_id"]) and row["remote_group_id"] not in others


def _ports(row: Row) -> tuple[int | None, int | None]:
    first, last = row["port_range_min"], row["port_range_max"]
    if row["protocol"] and first is None and last is None:
        return (1, 65535) if row["protocol"].lower() in {"tcp", "udp"} else (-1, -1)
    return first, last
