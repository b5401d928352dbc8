# SPDX-License-Identifier: Apache-2.0
"""Ports: a network card of a server, a router or the DHCP service, with its addresses and groups."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded import checks
from nova_appliance.embedded.checks import boolean, list_of, nullable, record, text, uuid
from nova_appliance.embedded.networks import addresses, faults, nouns, security_groups
from nova_appliance.embedded.networks.addresses import Wish
from nova_appliance.embedded.networks.networks import NETWORK
from nova_appliance.embedded.networks.nouns import COMMON, NEEDED, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row

MAC_PREFIX = "fa:16:3e"
DHCP, GATEWAY = "network:dhcp", "network:router_gateway"
INTERFACE, FLOATING = "network:router_interface", "network:floatingip"
BINDING = {"host_id": "host_id", "vnic_type": "vnic_type", "profile": "profile"}
_WIRE = {f"binding:{name}": column for name, column in BINDING.items()}
_ELSEWHERE = ("fixed_ips", "security_groups", "dns_domain")


def views(reader: Reader, rows: list[Row], settings: Settings) -> list[dict[str, Any]]:
    """Ports as clients see them: three statements, however many ports."""
    fixed: dict[str, list[dict[str, str]]] = {row["id"]: [] for row in rows}
    groups: dict[str, list[str]] = {row["id"]: [] for row in rows}
    wanted = list(fixed)
    sql = "SELECT port_id, subnet_id, ip FROM addresses WHERE port_id IN ({}) ORDER BY position"
    for row in nouns.by_ids(reader, sql, wanted):
        fixed[row["port_id"]].append({"subnet_id": row["subnet_id"], "ip_address": row["ip"]})
    for row in nouns.by_ids(reader, "SELECT * FROM port_groups WHERE port_id IN ({})", wanted):
        groups[row["port_id"]].append(row["group_id"])
    del settings
    return [_view(row, fixed[row["id"]], groups[row["id"]]) for row in rows]


def _view(row: Row, fixed_ips: list[dict[str, str]], groups: list[str]) -> dict[str, Any]:
    plain = [
        "network_id",
        "mac_address",
        "admin_state_up",
        "status",
        "device_id",
        "device_owner",
        "allowed_address_pairs",
        "extra_dhcp_opts",
        "port_security_enabled",
        "dns_name",
    ]
    assigned = [_dns(row["dns_name"], fixed["ip_address"]) for fixed in fixed_ips]
    return (
        nouns.common_view(row)
        | {key: row[key] for key in plain}
        | {"fixed_ips": fixed_ips, "security_groups": groups, "dns_assignment": assigned}
        | {wire: row[column] for wire, column in _WIRE.items()}
        | {
            "binding:vif_type": "bridge" if row["host_id"] else "unbound",
            "binding:vif_details": _vif_details(row) if row["host_id"] else {},
        }
    )


def _dns(name: str, ip: str) -> dict[str, str]:
    host = name or "host-" + ip.replace(".", "-").replace(":", "-")
    return {"hostname": host, "ip_address": ip, "fqdn": f"{host}.openstacklocal."}


def _vif_details(row: Row) -> dict[str, Any]:
    bridge = f"brq{row['network_id'][:11]}"
    return {"port_filter": True, "connectivity": "l2", "bridge_name": bridge}


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Add a port with its addresses and groups."""
    network = nouns.find(deed.tx, NETWORK, values["network_id"], deed.caller)
    _check_rights(deed, network, values)
    secured = values["port_security_enabled"]
    if secured is None:
        secured = network["port_security_enabled"]
    groups, fixed = values["security_groups"], values["fixed_ips"]
    if groups is None and secured:
        groups = [security_groups.ensure_default(deed, values["project_id"])]
    row = {_WIRE.get(k, k): v for k, v in values.items() if k not in _ELSEWHERE}
    row |= {"port_security_enabled": secured, "mac_address": values["mac_address"] or ""}
    port_id = add_row(deed, row, None if fixed is None else _wishes(fixed))
    _check_security(groups or [], secured=secured)
    _set_groups(deed, port_id, groups or [])
    return port_id


def _check_rights(deed: Deed, network: Row, values: dict[str, Any]) -> None:
    """Who speaks under foreign addresses owns the network; and nobody plays a router or DHCP."""
    if _is_ours(values.get("device_owner", "")):
        raise faults.PolicyNotAuthorized(
            "(rule:create_port and rule:create_port:device_owner) is disallowed by policy: "
            "ports of the network service itself are made by it alone"
        )
    loose = values.get("port_security_enabled") is False or values.get("allowed_address_pairs")
    owns = network["project_id"] == deed.caller.project_id or nouns.is_elevated(deed.caller)
    if loose and not owns:
        name = "allowed_address_pairs" if values.get("allowed_address_pairs") else "port_security"
        raise faults.PolicyNotAuthorized(
            f"(rule:create_port and rule:create_port:{name}) is disallowed by policy"
        )


def add_row(deed: Deed, values: dict[str, Any], wishes: Iterable[Wish] | None) -> str:
    """Insert a port's row and addresses; without a MAC address it gets a fresh one."""
    row = _DEFAULTS | values
    row["status"] = _status(deed, row)
    wanted_mac = row["mac_address"]
    for _ in range(20):
        row["mac_address"] = wanted_mac or _new_mac()
        taken = "SELECT 1 FROM ports WHERE network_id = ? AND mac_address = ?"
        if deed.tx.one(taken, row["network_id"], row["mac_address"]) is None:
            port_id = nouns.add(deed, PORT, row)
            addresses.assign(deed, row | {"id": port_id}, wishes)
            return port_id
        if wanted_mac:
            break
    raise faults.MacAddressInUse(
        f"Unable to complete operation for network {row['network_id']}. "
        f"The mac address {row['mac_address']} is in use."
    )


_DEFAULTS: dict[str, Any] = {
    "mac_address": "", "admin_state_up": True, "device_id": "", "device_owner": "", "host_id": "",
    "vnic_type": "normal", "profile": {}, "port_security_enabled": False,
    "allowed_address_pairs": [], "extra_dhcp_opts": [], "dns_name": "",
}  # fmt: skip


def _new_mac() -> str:
    return MAC_PREFIX + "".join(f":{byte:02x}" for byte in secrets.token_bytes(3))


def _status(deed: Deed, row: Row) -> str:
    """With a data plane it tells what is plugged; without one a bound port counts as plugged."""
    if row["device_owner"] == FLOATING:
        return "N/A"
    plugged = row["host_id"] or _is_ours(row["device_owner"])
    if deed.settings.network_plane == "none":
        return "ACTIVE" if plugged and row["admin_state_up"] else "DOWN"
    return str(row.get("status") or "DOWN")


def _is_ours(device_owner: str) -> bool:
    return device_owner.startswith("network:")


def _wishes(fixed: list[dict[str, str]]) -> list[Wish]:
    for entry in fixed:
        if not entry.get("subnet_id") and not entry.get("ip_address"):
            raise faults.InvalidInput(
                "Invalid input for operation: IP allocation requires subnet_id or ip_address."
            )
    return [Wish(entry.get("subnet_id", ""), entry.get("ip_address", "")) for entry in fixed]


def _check_security(groups: list[str], *, secured: bool) -> None:
    if groups and not secured:
        raise errors.Conflict(
            "Port Security must be enabled in order to have allowed address pairs or security "
            "groups on a port."
        )


def _set_groups(deed: Deed, port_id: str, groups: list[str]) -> None:
    deed.tx.run("DELETE FROM port_groups WHERE port_id = ?", port_id)
    for group_id in groups:
        nouns.find(deed.tx, security_groups.GROUP, group_id, deed.caller)
        deed.tx.insert("port_groups", {"port_id": port_id, "group_id": group_id})


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Change a port: bind it, move it, give it other addresses or groups."""
    columns = {_WIRE.get(k, k): v for k, v in changes.items() if k not in _ELSEWHERE}
    _check_service_port(row, columns)
    network = deed.tx.one("SELECT project_id FROM networks WHERE id = ?", row["network_id"]) or {}
    same_owner = columns.get("device_owner") == row["device_owner"]
    told = columns | ({"device_owner": ""} if same_owner else {})
    _check_rights(deed, network, told)
    _check_mac(deed, row, columns)
    secured = bool(columns.get("port_security_enabled", row["port_security_enabled"]))
    own = deed.tx.all("SELECT group_id FROM port_groups WHERE port_id = ?", row["id"])
    groups = changes.get("security_groups", [group["group_id"] for group in own])
    _check_security(groups or [], secured=secured)
    if "security_groups" in changes:
        _set_groups(deed, row["id"], groups or [])
    if changes.get("fixed_ips") is not None:
        addresses.reassign(deed, row, _wishes(changes["fixed_ips"]))
    if columns.get("host_id", row["host_id"]) != row["host_id"]:
        columns["status"] = _status(deed, row | columns | {"status": "DOWN"})
    nouns.touch(deed, PORT, row["id"], columns)


def _check_service_port(row: Row, columns: dict[str, Any]) -> None:
    """What the network service made for itself stays what it is."""
    fixed = ("device_id", "device_owner", "host_id", "mac_address", "port_security_enabled")
    moved = [key for key in fixed if columns.get(key, row[key]) != row[key]]
    if _is_ours(row["device_owner"]) and moved:
        raise faults.ServicePortInUse(
            f"Port {row['id']} has device owner {row['device_owner']}; "
            f"its {moved[0]} cannot be changed via the port API."
        )


def _check_mac(deed: Deed, row: Row, columns: dict[str, Any]) -> None:
    if columns.get("mac_address", row["mac_address"]) is None:
        columns["mac_address"] = row["mac_address"]
    wanted = columns.get("mac_address", row["mac_address"])
    if wanted == row["mac_address"]:
        return
    if row["host_id"]:
        raise faults.PortInUse(
            f"Unable to complete operation on port {row['id']}: port is already bound, "
            f"its MAC address cannot change."
        )
    sql = "SELECT 1 FROM ports WHERE network_id = ? AND mac_address = ?"
    if deed.tx.one(sql, row["network_id"], wanted):
        raise faults.MacAddressInUse(
            f"Unable to complete operation for network {row['network_id']}. "
            f"The mac address {wanted} is in use."
        )


def remove(deed: Deed, row: Row) -> None:
    """Remove a port; a floating IP that led to it is free again."""
    if _is_ours(row["device_owner"]):
        raise faults.ServicePortInUse(
            f"Port {row['id']} cannot be deleted directly via the port API: "
            f"has device owner {row['device_owner']}."
        )
    remove_row(deed, row["id"])


def remove_row(deed: Deed, port_id: str) -> None:
    """Delete a port's row and what hangs on it."""
    deed.tx.run(
        """UPDATE floatingips SET port_id = NULL, fixed_ip_address = NULL, router_id = NULL,
           revision_number = revision_number + 1 WHERE port_id = ?""",
        port_id,
    )
    deed.tx.run("DELETE FROM ports WHERE id = ?", port_id)


_FIXED = record({"subnet_id": uuid, "ip_address": checks.ip, "ip_address_substr": text()})
_PAIR = record({"ip_address": checks.cidr, "mac_address": checks.mac}, ("ip_address",))
_OPTION = record(
    {"opt_name": text(64), "opt_value": text(), "ip_version": checks.one_of(4, 6, "4", "6")},
    ("opt_name",),
)


def _pair(value: Any) -> dict[str, str]:
    pair: dict[str, str] = _PAIR(value)
    for suffix in ("/32", "/128"):
        pair["ip_address"] = pair["ip_address"].removesuffix(suffix)
    return pair


PORT = Noun(
    one="port",
    many="ports",
    table="ports",
    missing=faults.PortNotFound,
    attributes=COMMON
    | {
        "network_id": Attribute(uuid, NEEDED, put=False),
        "mac_address": Attribute(nullable(checks.mac), None),
        "admin_state_up": Attribute(boolean, default=True),
        "fixed_ips": Attribute(nullable(list_of(_FIXED, 32)), None),
        "device_id": Attribute(text(), ""),
        "device_owner": Attribute(text(), ""),
        "security_groups": Attribute(nullable(list_of(uuid, 64)), None),
        "port_security_enabled": Attribute(nullable(boolean), None),
        "allowed_address_pairs": Attribute(list_of(_pair, 32), []),
        "extra_dhcp_opts": Attribute(list_of(_OPTION, 32), []),
        "dns_name": Attribute(checks.host_name, ""),
        "dns_domain": Attribute(checks.host_name, ""),
        "binding:host_id": Attribute(lambda v: text()(v or ""), "", admin=True),
        "binding:profile": Attribute(checks.anything, {}, admin=True),
        "binding:vnic_type": Attribute(checks.one_of("normal"), "normal"),
    },
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={
        **{key: key for key in ("id", "name", "project_id", "network_id", "device_id")},
        **{key: key for key in ("device_owner", "mac_address", "status")},
        "binding:host_id": "host_id",
    },
    hidden=frozenset({"binding:host_id", "binding:profile", "binding:vif_type"})
    | {"binding:vif_details"},
)
