# SPDX-License-Identifier: Apache-2.0
"""Floating IPs: addresses of an external network that a router translates to a port's address."""

from __future__ import annotations

from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded import checks
from nova_appliance.embedded.checks import nullable, text, uuid
from nova_appliance.embedded.networks import faults, nouns, ports
from nova_appliance.embedded.networks.addresses import Wish
from nova_appliance.embedded.networks.networks import NETWORK
from nova_appliance.embedded.networks.nouns import NEEDED, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.networks.ports import FLOATING, GATEWAY, INTERFACE, PORT
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row

_LEADING = f"""
SELECT gateway.device_id AS router_id FROM ports AS gateway
JOIN ports AS inside ON inside.device_id = gateway.device_id AND inside.device_owner = '{INTERFACE}'
JOIN addresses ON addresses.port_id = inside.id
WHERE gateway.device_owner = '{GATEWAY}' AND gateway.network_id = ? AND subnet_id = ?
"""  # noqa: S608


def views(reader: Reader, rows: list[Row], _settings: Settings) -> list[dict[str, Any]]:
    """Floating IPs as clients see them."""
    sql = """SELECT id, name, network_id, mac_address, admin_state_up, status, device_id,
             device_owner FROM ports WHERE id IN ({})"""
    wanted = [row["port_id"] for row in rows if row["port_id"]]
    details = {row["id"]: nouns.decode(row) for row in nouns.by_ids(reader, sql, wanted)}
    return [_view(row, details.get(row["port_id"])) for row in rows]


def _view(row: Row, port: Row | None) -> dict[str, Any]:
    plain = [
        "floating_network_id",
        "floating_ip_address",
        "fixed_ip_address",
        "port_id",
        "router_id",
        "dns_name",
        "dns_domain",
    ]
    view = nouns.common_view(row) | {key: row[key] for key in plain}
    del view["name"]
    status = "ACTIVE" if row["port_id"] else "DOWN"
    told = {key: port[key] for key in port if key != "id"} if port else None
    return view | {"status": status, "port_details": told, "port_forwardings": []}


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Take an address of the external network, and lead it to a port when one is named."""
    network = nouns.find(deed.tx, NETWORK, values["floating_network_id"], deed.caller)
    if not network["external"]:
        raise errors.Invalid(
            f"Bad floatingip request: Network {network['id']} is not a valid external network."
        )
    wish = _wish(deed, network["id"], values)
    owner = {"device_owner": FLOATING, "device_id": "PENDING", "project_id": ""}
    own_port = ports.add_row(deed, owner | {"network_id": network["id"]}, [wish])
    address = deed.tx.one("SELECT ip FROM addresses WHERE port_id = ?", own_port) or {}
    kept = ("project_id", "floating_network_id", "description", "dns_name", "dns_domain")
    row = {key: values[key] for key in kept}
    row |= {"own_port_id": own_port, "floating_ip_address": address["ip"]}
    row |= _led_to(deed, network["id"], values["port_id"], values["fixed_ip_address"])
    _check_free(deed, row, "")
    floating_id = nouns.add(deed, FLOATING_IP, row)
    deed.tx.update("ports", own_port, {"device_id": floating_id})
    return floating_id


def _wish(deed: Deed, network_id: str, values: dict[str, Any]) -> Wish:
    if values["subnet_id"] or values["floating_ip_address"]:
        return Wish(values["subnet_id"] or "", values["floating_ip_address"] or "")
    sql = "SELECT id FROM subnets WHERE network_id = ? AND ip_version = 4 ORDER BY rowid"
    rows = deed.tx.all(sql, network_id)
    if not rows:
        raise errors.Invalid(
            f"Bad floatingip request: Network {network_id} does not contain any IPv4 subnet."
        )
    return Wish(subnet_id=rows[0]["id"])


def _led_to(deed: Deed, network_id: str, port_id: str | None, fixed: str | None) -> dict[str, Any]:
    """The columns that say where the floating IP leads."""
    if not port_id:
        if fixed:
            raise errors.Invalid(
                "Bad floatingip request: fixed_ip_address cannot be specified without a port_id."
            )
        return {"port_id": None, "fixed_ip_address": None, "router_id": None}
    nouns.find_own(deed.tx, PORT, port_id, deed.caller)
    sql = "SELECT * FROM addresses WHERE port_id = ? ORDER BY position"
    own = [row for row in deed.tx.all(sql, port_id) if ":" not in row["ip"]]
    chosen = next((row for row in own if fixed in {None, row["ip"]}), None)
    if chosen is None:
        raise errors.Invalid(
            f"Bad floatingip request: Port {port_id} does not have fixed ip {fixed or '(IPv4)'}."
        )
    router = deed.tx.one(_LEADING, network_id, chosen["subnet_id"])
    if router is None:
        raise faults.ExternalGatewayForFloatingIPNotFound(
            f"External network {network_id} is not reachable from subnet {chosen['subnet_id']}. "
            f"Therefore, cannot associate Port {port_id} with a Floating IP."
        )
    return {"port_id": port_id, "fixed_ip_address": chosen["ip"], **router}


def _check_free(deed: Deed, row: Row, floating_id: str) -> None:
    sql = "SELECT id FROM floatingips WHERE port_id = ? AND fixed_ip_address = ? AND id != ?"
    if deed.tx.one(sql, row["port_id"], row["fixed_ip_address"], floating_id):
        raise faults.FloatingIPPortAlreadyAssociated(
            f"Cannot associate floating IP {row['floating_ip_address']} with port {row['port_id']} "
            f"using fixed IP {row['fixed_ip_address']}, as that fixed IP already has a floating IP "
            f"on external network {row['floating_network_id']}."
        )


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Lead a floating IP elsewhere; a port_id of null leads it nowhere."""
    columns = {key: value for key, value in changes.items() if key == "description"}
    if "port_id" in changes or "fixed_ip_address" in changes:
        port_id = changes.get("port_id", row["port_id"])
        fixed = changes.get("fixed_ip_address")
        columns |= _led_to(deed, row["floating_network_id"], port_id, fixed)
        _check_free(deed, row | columns, row["id"])
    nouns.touch(deed, FLOATING_IP, row["id"], columns)


def remove(deed: Deed, row: Row) -> None:
    """Give the address back."""
    deed.tx.run("DELETE FROM floatingips WHERE id = ?", row["id"])
    ports.remove_row(deed, row["own_port_id"])


FLOATING_IP = Noun(
    one="floatingip",
    many="floatingips",
    table="floatingips",
    missing=faults.FloatingIPNotFound,
    attributes={
        "description": Attribute(text(), ""),
        "project_id": Attribute(text(), None, put=False),
        "floating_network_id": Attribute(uuid, NEEDED, put=False),
        "floating_ip_address": Attribute(nullable(checks.ip), None, put=False),
        "subnet_id": Attribute(nullable(uuid), None, put=False),
        "port_id": Attribute(nullable(uuid), None),
        "fixed_ip_address": Attribute(nullable(checks.ip), None),
        "dns_name": Attribute(checks.host_name, "", put=False),
        "dns_domain": Attribute(checks.host_name, "", put=False),
    },
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={
        **{key: key for key in ("id", "project_id", "floating_network_id", "floating_ip_address")},
        **{key: key for key in ("port_id", "router_id", "fixed_ip_address")},
    },
)
