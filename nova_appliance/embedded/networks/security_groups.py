# SPDX-License-Identifier: Apache-2.0
"""Security groups and their rules; each project's default group makes itself when it is needed."""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded import checks
from nova_appliance.embedded.checks import boolean, integer, nullable, one_of, text, uuid
from nova_appliance.embedded.networks import faults, nouns
from nova_appliance.embedded.networks.nouns import COMMON, NEEDED, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row

DEFAULT = "default"
PROTOCOLS = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "icmp": 1, "icmpv6": 58, "igmp": 2,
    "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59,
    "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6,
    "udp": 17, "udplite": 136, "vrrp": 112,
}  # fmt: skip
WITH_PORTS = frozenset({6, 17, 33, 132, 136})
ICMPV6 = 58
ICMP = frozenset({1, ICMPV6})
_V4, _V6 = "IPv4", "IPv6"
# What a fresh default group lets in from everywhere: ssh and ping.
WELCOME: tuple[dict[str, Any], ...] = (
    {"ethertype": _V4, "protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
    {"ethertype": _V6, "protocol": "tcp", "port_range_min": 22, "port_range_max": 22},
    {"ethertype": _V4, "protocol": "icmp"},
    {"ethertype": _V6, "protocol": "ipv6-icmp"},
)


def ensure_default(deed: Deed, project_id: str) -> str:
    """The id of the project's default group, which is made when it is not there."""
    sql = "SELECT id FROM security_groups WHERE project_id = ? AND name = ?"
    row = deed.tx.one(sql, project_id, DEFAULT)
    if row:
        return str(row["id"])
    values = {"name": DEFAULT, "description": "Default security group", "stateful": True}
    group_id = _add_group(deed, values | {"project_id": project_id})
    inside = [{"ethertype": kind, "remote_group_id": group_id} for kind in (_V4, _V6)]
    for rule in (*inside, *WELCOME):
        _add_rule(deed, project_id, group_id, {"direction": "ingress"} | rule)
    return group_id


def number_of(protocol: str | None) -> int | None:
    """A protocol's number; None is any protocol."""
    return None if protocol is None else PROTOCOLS.get(protocol) or int(protocol)


def _add_group(deed: Deed, values: dict[str, Any]) -> str:
    group_id = nouns.add(deed, GROUP, values)
    for kind in (_V4, _V6):
        rule = {"direction": "egress", "ethertype": kind}
        _add_rule(deed, values["project_id"], group_id, rule)
    return group_id


def _add_rule(deed: Deed, project_id: str, group_id: str, rule: dict[str, Any]) -> str:
    return nouns.add(deed, RULE, rule | {"project_id": project_id, "group_id": group_id})


def views(reader: Reader, rows: list[Row], settings: Settings) -> list[dict[str, Any]]:
    """Groups with their rules: two statements, however many."""
    own: dict[str, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    rules = nouns.by_ids(
        reader, "SELECT * FROM rules WHERE group_id IN ({}) ORDER BY rowid", list(own)
    )
    for view in rule_views(reader, [nouns.decode(rule) for rule in rules], settings):
        own[view["security_group_id"]].append(view)
    return [
        nouns.common_view(row)
        | {"stateful": row["stateful"], "shared": False, "security_group_rules": own[row["id"]]}
        for row in rows
    ]


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Add a group with its two rules that let everything out."""
    if values["name"] == DEFAULT:
        raise faults.SecurityGroupDefaultAlreadyExists("Default security group already exists.")
    ensure_default(deed, values["project_id"])
    return _add_group(deed, values)


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Rename or describe a group."""
    if row["name"] == DEFAULT and changes.get("name", DEFAULT) != DEFAULT:
        raise faults.SecurityGroupCannotRemoveDefault(
            "Updating default security group name not allowed."
        )
    if changes.get("name") == DEFAULT != row["name"]:
        raise faults.SecurityGroupDefaultAlreadyExists("Default security group already exists.")
    nouns.touch(deed, GROUP, row["id"], changes)


def remove(deed: Deed, row: Row) -> None:
    """Remove a group that no port uses."""
    if row["name"] == DEFAULT and not nouns.is_elevated(deed.caller):
        raise faults.SecurityGroupCannotRemoveDefault(
            "Insufficient rights for removing default security group."
        )
    if deed.tx.one("SELECT 1 FROM port_groups WHERE group_id = ?", row["id"]):
        raise faults.SecurityGroupInUse(f"Security Group {row['id']} in use.")
    deed.tx.run("DELETE FROM security_groups WHERE id = ?", row["id"])


def rule_views(_reader: Reader, rows: list[Row], _settings: Settings) -> list[dict[str, Any]]:
    """Rules as clients see them."""
    plain = [
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group_id",
    ]
    out = []
    for row in rows:
        view = nouns.common_view(row) | {key: row[key] for key in plain}
        del view["name"]
        out.append(
            view
            | {"security_group_id": row["group_id"], "remote_address_group_id": None}
            | {"normalized_cidr": row["remote_ip_prefix"], "belongs_to_default_sg": False}
        )
    return out


def create_rule(deed: Deed, values: dict[str, Any]) -> str:
    """Add a rule to a group of the caller's."""
    group = nouns.find_own(deed.tx, GROUP, values.pop("security_group_id"), deed.caller)
    values.pop("remote_address_group_id")
    _check_rule(values)
    if values["remote_group_id"]:
        nouns.find(deed.tx, GROUP, values["remote_group_id"], deed.caller)
    same = [row for row in deed.tx.all(_SAME, group["id"]) if _is_same(row, values)]
    if same:
        raise faults.SecurityGroupRuleExists(
            f"Security group rule already exists. Rule id is {same[0]['id']}."
        )
    project = values["project_id"] if nouns.is_elevated(deed.caller) else group["project_id"]
    return _add_rule(deed, project, group["id"], values)


_SAME = "SELECT * FROM rules WHERE group_id = ?"
_KEY = "direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id"


def _is_same(row: Row, values: dict[str, Any]) -> bool:
    return all(row[key] == values[key] for key in _KEY.split())


def _check_rule(values: dict[str, Any]) -> None:
    if values["remote_ip_prefix"] and values["remote_group_id"]:
        raise errors.Invalid("Only remote_ip_prefix or remote_group_id may be provided.")
    prefix = values["remote_ip_prefix"]
    if prefix and f"IPv{ipaddress.ip_network(prefix).version}" != values["ethertype"]:
        raise errors.Invalid(f"Conflicting value ethertype {values['ethertype']} for CIDR {prefix}")
    _check_ports(number_of(values["protocol"]), values["port_range_min"], values["port_range_max"])
    if values["ethertype"] == _V4 and number_of(values["protocol"]) == ICMPV6:
        raise errors.Invalid(f"Invalid ethertype {_V4} for protocol {values['protocol']}.")
    values["protocol"] = _canonical(values["protocol"], values["ethertype"])


def _check_ports(number: int | None, low: int | None, high: int | None) -> None:
    if low is None and high is None:
        return
    if number in ICMP:
        if low is None:
            raise errors.Invalid(f"ICMP code (port-range-max) {high} is provided but ICMP type "
                                 "(port-range-min) is missing.")  # fmt: skip
        if max(low, high or 0) > 255:
            raise errors.Invalid("For ICMP, type and code (port-range-min, -max) must be 0 to 255.")
    elif number not in WITH_PORTS:
        raise errors.Invalid("Must also specify protocol if port range is given.")
    elif low is None or high is None or low > high:
        raise errors.Invalid("For TCP/UDP protocols, port_range_min must be <= port_range_max")


def _canonical(protocol: str | None, ethertype: str) -> str | None:
    if ethertype == _V6 and protocol in {"icmp", "icmpv6"}:
        return "ipv6-icmp"
    return protocol


def refuse_change(_deed: Deed, _row: Row, changes: dict[str, Any]) -> None:
    """Rules have nothing but a description to change, and Neutron does not even that."""
    if changes:
        raise errors.Invalid("A security group rule cannot be changed; delete it and make another.")


def remove_rule(deed: Deed, row: Row) -> None:
    """Remove a rule."""
    deed.tx.run("DELETE FROM rules WHERE id = ?", row["id"])


def _protocol(value: Any) -> str | None:
    if value is None or str(value).lower() in {"any", ""}:
        return None
    told = str(value).lower()
    if told in PROTOCOLS:
        return told
    names = {number: name for name, number in reversed(PROTOCOLS.items())}
    number = integer(0, 255)(told)
    return None if number == 0 else names.get(number, str(number))


def _ethertype(value: Any) -> str:
    names = {"ipv4": _V4, "ipv6": _V6}
    return names.get(str(value).lower()) or str(one_of(_V4, _V6)(value))


def _stateful(value: Any) -> bool:
    if not boolean(value):
        raise errors.Invalid("only stateful security groups are built here.")
    return True


_PORT = nullable(integer(0, 65535))
GROUP = Noun(
    one="security_group",
    many="security_groups",
    table="security_groups",
    missing=faults.SecurityGroupNotFound,
    attributes=COMMON | {"stateful": Attribute(_stateful, default=True)},
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={"id": "id", "name": "name", "project_id": "project_id"},
)
RULE = Noun(
    one="security_group_rule",
    many="security_group_rules",
    table="rules",
    missing=faults.SecurityGroupRuleNotFound,
    attributes={
        "description": Attribute(text(), "", put=False),
        "project_id": Attribute(text(), None, put=False),
        "security_group_id": Attribute(uuid, NEEDED, put=False),
        "direction": Attribute(one_of("ingress", "egress"), NEEDED, put=False),
        "ethertype": Attribute(_ethertype, _V4, put=False),
        "protocol": Attribute(_protocol, None, put=False),
        "port_range_min": Attribute(_PORT, None, put=False),
        "port_range_max": Attribute(_PORT, None, put=False),
        "remote_ip_prefix": Attribute(nullable(checks.cidr), None, put=False),
        "remote_group_id": Attribute(nullable(uuid), None, put=False),
        "remote_address_group_id": Attribute(nullable(one_of()), None, put=False),
    },
    views=rule_views,
    create=create_rule,
    change=refuse_change,
    remove=remove_rule,
    columns={"id": "id", "project_id": "project_id", "security_group_id": "group_id"},
)
