# SPDX-License-Identifier: Apache-2.0
"""Networks: each is one bridge on this machine, isolated from all others."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import (
    boolean,
    host_name,
    integer,
    list_of,
    nullable,
    one_of,
    text,
)
from nova_appliance.embedded.networks import faults, nouns
from nova_appliance.embedded.networks.nouns import COMMON, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row

LAST_ZONE = 65535
_WIRE = {"router:external": "external", "is_default": "is_default"}


def views(reader: Reader, rows: list[Row], _settings: Settings) -> list[dict[str, Any]]:
    """Networks as clients see them."""
    own: dict[str, list[str]] = {row["id"]: [] for row in rows}
    sql = "SELECT id, network_id, ip_version FROM subnets WHERE network_id IN ({}) ORDER BY rowid"
    for subnet in nouns.by_ids(reader, sql, list(own)):
        own[subnet["network_id"]].append(subnet["id"])
    return [_view(row, own[row["id"]]) for row in rows]


def _view(row: Row, subnet_ids: list[str]) -> dict[str, Any]:
    plain = ("admin_state_up", "mtu", "shared", "port_security_enabled", "dns_domain", "is_default")
    return (
        nouns.common_view(row)
        | {key: row[key] for key in plain}
        | {
            "status": "ACTIVE" if row["admin_state_up"] else "DOWN",
            "subnets": subnet_ids,
            "router:external": row["external"],
            "availability_zones": ["nova"],
            "availability_zone_hints": [],
            "ipv4_address_scope": None,
            "ipv6_address_scope": None,
            "provider:network_type": "local",
            "provider:physical_network": None,
            "provider:segmentation_id": None,
        }
    )


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Add a network with a conntrack zone of its own."""
    dropped = ("availability_zone_hints", *_PROVIDER)
    row = {_WIRE.get(key, key): value for key, value in values.items() if key not in dropped}
    return nouns.add(deed, NETWORK, row | {"zone": _free_zone(deed)})


def _free_zone(deed: Deed) -> int:
    sql = """SELECT z FROM (SELECT 1 AS z UNION SELECT zone + 1 FROM networks)
             WHERE z NOT IN (SELECT zone FROM networks) AND z <= ? ORDER BY z LIMIT 1"""
    row = deed.tx.one(sql, LAST_ZONE)
    if row is None:
        raise errors.Conflict("No more networks fit on this machine.")
    return int(row["z"])


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Change a network's attributes."""
    if changes.get("router:external") is False and row["external"] and _has_floating(deed, row):
        raise faults.NetworkInUse(
            f"External network {row['id']} cannot be updated to be made non-external, "
            "since it has existing gateway ports"
        )
    nouns.touch(deed, NETWORK, row["id"], {_WIRE.get(key, key): v for key, v in changes.items()})


def _has_floating(deed: Deed, row: Row) -> bool:
    sql = """SELECT 1 FROM ports WHERE network_id = ?
             AND device_owner IN ('network:router_gateway', 'network:floatingip')"""
    return deed.tx.one(sql, row["id"]) is not None


def remove(deed: Deed, row: Row) -> None:
    """Remove a network that nobody uses; its subnets and DHCP port go with it."""
    sql = "SELECT id FROM ports WHERE network_id = ? AND device_owner != 'network:dhcp'"
    if held := [port["id"] for port in deed.tx.all(sql, row["id"])]:
        raise faults.NetworkInUse(
            f"Unable to complete operation on network {row['id']}. There are one or more ports "
            f"still in use on the network, id for these ports is {','.join(held[:20])}."
        )
    deed.tx.run("DELETE FROM ports WHERE network_id = ?", row["id"])
    deed.tx.run("DELETE FROM subnets WHERE network_id = ?", row["id"])
    deed.tx.run("DELETE FROM networks WHERE id = ?", row["id"])


_PROVIDER = {
    "provider:network_type": Attribute(nullable(one_of("local")), None, put=False, admin=True),
    "provider:physical_network": Attribute(nullable(one_of()), None, put=False, admin=True),
    "provider:segmentation_id": Attribute(nullable(one_of()), None, put=False, admin=True),
}
NETWORK = Noun(
    one="network",
    many="networks",
    table="networks",
    missing=faults.NetworkNotFound,
    attributes=COMMON
    | {
        "admin_state_up": Attribute(boolean, default=True),
        "shared": Attribute(boolean, default=False, admin=True),
        "router:external": Attribute(boolean, default=False, admin=True),
        "is_default": Attribute(boolean, default=False, admin=True),
        "mtu": Attribute(integer(68, 65535), 1500),
        "port_security_enabled": Attribute(boolean, default=True),
        "dns_domain": Attribute(host_name, ""),
        "availability_zone_hints": Attribute(list_of(text()), [], put=False),
    }
    | _PROVIDER,
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={"id": "id", "name": "name", "project_id": "project_id"},
    open_to="shared OR external",
    hidden=frozenset(_PROVIDER),
)
