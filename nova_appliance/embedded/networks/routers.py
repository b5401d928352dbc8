# SPDX-License-Identifier: Apache-2.0
"""Routers: interfaces into subnets, and a gateway port on an external network."""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded import checks
from nova_appliance.embedded.checks import boolean, list_of, nullable, record, text, uuid
from nova_appliance.embedded.networks import faults, nouns, ports
from nova_appliance.embedded.networks.addresses import Wish
from nova_appliance.embedded.networks.networks import NETWORK
from nova_appliance.embedded.networks.nouns import COMMON, Attribute, Deed, Noun, Reader
from nova_appliance.embedded.networks.ports import GATEWAY, INTERFACE, PORT
from nova_appliance.embedded.networks.subnets import SUBNET
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Row
from nova_appliance.embedded.web import Handler, read_json

MOST_ROUTES = 30
_INFO = "external_gateway_info"
_HINTS = "availability_zone_hints"


def views(reader: Reader, rows: list[Row], _settings: Settings) -> list[dict[str, Any]]:
    """Routers as clients see them."""
    gateways: dict[str, dict[str, Any]] = {}
    sql = f"""SELECT device_id, network_id, subnet_id, ip FROM ports
              LEFT JOIN addresses ON port_id = ports.id
              WHERE device_owner = '{GATEWAY}' AND device_id IN ({{}}) ORDER BY position"""  # noqa: S608
    for row in nouns.by_ids(reader, sql, [row["id"] for row in rows]):
        empty = {"network_id": row["network_id"], "external_fixed_ips": []}
        info = gateways.setdefault(row["device_id"], empty)
        if row["ip"]:
            fixed = {"subnet_id": row["subnet_id"], "ip_address": row["ip"]}
            info["external_fixed_ips"].append(fixed)
    return [_view(row, gateways.get(row["id"])) for row in rows]


def _view(row: Row, gateway: dict[str, Any] | None) -> dict[str, Any]:
    info = gateway and gateway | {"enable_snat": row["enable_snat"]}
    return nouns.common_view(row) | {
        "admin_state_up": row["admin_state_up"],
        "status": "ACTIVE" if row["admin_state_up"] else "DOWN",
        _INFO: info,
        "routes": row["routes"],
        "availability_zones": ["nova"],
        _HINTS: [],
        "flavor_id": None,
    }


def create(deed: Deed, values: dict[str, Any]) -> str:
    """Add a router, with its gateway when one is asked for."""
    info, _ = values.pop(_INFO), values.pop(_HINTS)
    router_id = nouns.add(deed, ROUTER, values | {"enable_snat": True})
    if info:
        _set_gateway(deed, router_id, info)
    _check_routes(deed, router_id, values["routes"])
    return router_id


def change(deed: Deed, row: Row, changes: dict[str, Any]) -> None:
    """Change a router; `external_gateway_info` of null or {} takes the gateway away."""
    if _INFO in changes:
        _set_gateway(deed, row["id"], changes.pop(_INFO) or {})
    _check_routes(deed, row["id"], (row | changes)["routes"])
    nouns.touch(deed, ROUTER, row["id"], changes)


def _set_gateway(deed: Deed, router_id: str, info: dict[str, Any]) -> None:
    present = _port_of(deed, router_id, GATEWAY)
    wanted = info.get("network_id")
    if present and wanted != present["network_id"]:
        _check_gateway_unused(deed, router_id)
    keep = present and wanted == present["network_id"] and not info.get("external_fixed_ips")
    if present and not keep:
        ports.remove_row(deed, present["id"])
    if wanted and not keep:
        _add_gateway(deed, router_id, info)
    snat = info.get("enable_snat", True)
    deed.tx.update("routers", router_id, {"enable_snat": snat})


def _add_gateway(deed: Deed, router_id: str, info: dict[str, Any]) -> None:
    network = nouns.find(deed.tx, NETWORK, info["network_id"], deed.caller)
    if not network["external"]:
        raise errors.Invalid(
            f"Bad router request: Network {network['id']} is not an external network."
        )
    if not deed.tx.one("SELECT 1 FROM subnets WHERE network_id = ?", network["id"]):
        raise errors.Invalid(f"Bad router request: No subnets on network {network['id']}.")
    fixed = info.get("external_fixed_ips")
    wishes = fixed and [Wish(one.get("subnet_id", ""), one.get("ip_address", "")) for one in fixed]
    # The gateway port belongs to nobody, as in Neutron.
    owner = {"device_owner": GATEWAY, "device_id": router_id, "project_id": ""}
    ports.add_row(deed, owner | {"network_id": network["id"]}, wishes or None)


def with_routes(row: Row, changes: dict[str, Any]) -> dict[str, Any]:
    """`PUT /routers/{id}/add_extraroutes`: those there, and those told of."""
    new = [route for route in _only_routes(changes) if route not in row["routes"]]
    if len(row["routes"]) + len(new) > MOST_ROUTES:
        raise faults.RoutesExhausted(
            f"Unable to complete operation for {row['id']}. The number of routes exceeds the "
            f"maximum {MOST_ROUTES}."
        )
    return {"routes": [*row["routes"], *new]}


def without_routes(row: Row, changes: dict[str, Any]) -> dict[str, Any]:
    """`PUT /routers/{id}/remove_extraroutes`: those there but for those told of."""
    gone = _only_routes(changes)
    return {"routes": [route for route in row["routes"] if route not in gone]}


def _only_routes(changes: dict[str, Any]) -> list[dict[str, str]]:
    if set(changes) != {"routes"}:
        raise errors.Invalid("Bad router request: Only routes can be added or removed.")
    told: list[dict[str, str]] = changes["routes"]
    return told


def _check_routes(deed: Deed, router_id: str, routes: list[dict[str, str]]) -> None:
    for route in routes:
        same = (":" in route["destination"]) == (":" in route["nexthop"])
        if not same or not _sees(deed, router_id, route["nexthop"]):
            raise faults.InvalidRoutes(
                f"Invalid format for routes: {route}, the nexthop is not connected with router"
            )


def _sees(deed: Deed, router_id: str, ip: str) -> bool:
    sql = """SELECT cidr, ip FROM ports JOIN addresses ON port_id = ports.id
             JOIN subnets ON subnets.id = subnet_id WHERE device_id = ?"""
    address = ipaddress.ip_address(ip)
    return any(
        address in ipaddress.ip_network(row["cidr"]) and row["ip"] != ip
        for row in deed.tx.all(sql, router_id)
    )


def _check_gateway_unused(deed: Deed, router_id: str) -> None:
    if deed.tx.one("SELECT 1 FROM floatingips WHERE router_id = ?", router_id):
        raise faults.RouterExternalGatewayInUseByFloatingIp(
            f"Gateway cannot be updated for router {router_id}, since a gateway to external "
            "network is required by one or more floating IPs."
        )


def _port_of(deed: Deed, router_id: str, owner: str) -> Row | None:
    sql = "SELECT * FROM ports WHERE device_id = ? AND device_owner = ?"
    return deed.tx.one(sql, router_id, owner)


def remove(deed: Deed, row: Row) -> None:
    """Remove a router without interfaces; its gateway goes with it."""
    if _port_of(deed, row["id"], INTERFACE):
        raise faults.RouterInUse(f"Router {row['id']} still has ports.")
    _set_gateway(deed, row["id"], {})
    deed.tx.run("DELETE FROM routers WHERE id = ?", row["id"])


def add_interface() -> Handler:
    """`PUT /routers/{id}/add_router_interface` with a subnet_id or a port_id."""

    def handler(req: Any, router_id: str) -> dict[str, Any]:
        nouns.check_writer(req.caller, "add_router_interface")
        with nouns.store_of(req).write() as tx:
            deed = Deed(tx, req.caller, req.service.settings)
            router = nouns.find_own(tx, ROUTER, router_id, req.caller)
            subnet_id, port_id = _target(read_json(req))
            if port_id:
                port, subnet_id = _adopt_port(deed, router, port_id)
            else:
                port = join(deed, router, subnet_id)
            nouns.touch(deed, ROUTER, router_id, {})
        req.service.changed([])
        return _interface(router, port, subnet_id)

    return handler


def _target(body: Any) -> tuple[str, str]:
    told = body if isinstance(body, dict) else {}
    try:
        wanted = {key: checks.uuid(told[key]) for key in ("subnet_id", "port_id") if told.get(key)}
    except errors.Invalid as error:
        raise errors.Invalid(f"Invalid input. Reason: {error.message}") from error
    if not wanted:
        raise errors.Invalid("Bad router request: Either subnet_id or port_id must be specified.")
    return wanted.get("subnet_id", ""), wanted.get("port_id", "")


def join(deed: Deed, router: Row, subnet_id: str) -> Row:
    """A new interface with the subnet's gateway address."""
    subnet = nouns.find(deed.tx, SUBNET, subnet_id, deed.caller)
    if not subnet["gateway_ip"]:
        raise errors.Invalid(
            "Bad router request: Subnet for router interface must have a gateway IP."
        )
    _check_not_joined(deed, router, [subnet])
    values = {"device_owner": INTERFACE, "device_id": router["id"]}
    values |= {"project_id": router["project_id"], "network_id": subnet["network_id"]}
    port_id = ports.add_row(deed, values, [Wish(subnet_id, subnet["gateway_ip"])])
    return {"id": port_id, "network_id": subnet["network_id"]}


def _adopt_port(deed: Deed, router: Row, port_id: str) -> tuple[Row, str]:
    port = nouns.find_own(deed.tx, PORT, port_id, deed.caller)
    if port["device_id"]:
        raise faults.PortInUse(
            f"Unable to complete operation on port {port_id} for network {port['network_id']}. "
            f"Port already has an attached device {port['device_id']}."
        )
    sql = "SELECT subnets.* FROM subnets JOIN addresses ON subnet_id = id WHERE port_id = ?"
    subnets = deed.tx.all(sql, port_id)
    if not subnets:
        raise errors.Invalid("Bad router request: Router port must have at least one fixed IP.")
    _check_not_joined(deed, router, subnets)
    changes = {"device_owner": INTERFACE, "device_id": router["id"], "port_security_enabled": False}
    nouns.touch(deed, PORT, port_id, changes)
    deed.tx.run("DELETE FROM port_groups WHERE port_id = ?", port_id)
    return port, str(subnets[0]["id"])


def _check_not_joined(deed: Deed, router: Row, subnets: list[Row]) -> None:
    for subnet in subnets:
        if _joined(deed, router["id"], subnet["id"]):
            raise errors.Invalid(
                f"Bad router request: Router already has a port on subnet {subnet['id']}."
            )


def _joined(deed: Deed, router_id: str, subnet_id: str) -> Row | None:
    sql = """SELECT ports.* FROM ports JOIN addresses ON port_id = ports.id
             WHERE device_id = ? AND device_owner = ? AND subnet_id = ?"""
    return deed.tx.one(sql, router_id, INTERFACE, subnet_id)


def remove_interface() -> Handler:
    """`PUT /routers/{id}/remove_router_interface` with a subnet_id or a port_id."""

    def handler(req: Any, router_id: str) -> dict[str, Any]:
        nouns.check_writer(req.caller, "remove_router_interface")
        with nouns.store_of(req).write() as tx:
            deed = Deed(tx, req.caller, req.service.settings)
            router = nouns.find_own(tx, ROUTER, router_id, req.caller)
            subnet_id, port_id = _target(read_json(req))
            port = _interface_port(deed, router_id, subnet_id, port_id)
            sql = "SELECT subnet_id FROM addresses WHERE port_id = ?"
            own = [row["subnet_id"] for row in tx.all(sql, port["id"])]
            _check_no_floating(deed, router_id, own)
            ports.remove_row(deed, port["id"])
            _check_routes_remain(deed, router)
            nouns.touch(deed, ROUTER, router_id, {})
        req.service.changed([])
        return _interface(router, port, subnet_id or own[0])

    return handler


def _interface_port(deed: Deed, router_id: str, subnet_id: str, port_id: str) -> Row:
    if not port_id:
        port = _joined(deed, router_id, subnet_id)
    else:
        sql = "SELECT * FROM ports WHERE id = ? AND device_id = ? AND device_owner = ?"
        port = deed.tx.one(sql, port_id, router_id, INTERFACE)
    if port is None:
        what = f"id {port_id}" if port_id else f"subnet {subnet_id}"
        raise faults.RouterInterfaceNotFound(
            f"Router {router_id} does not have an interface with {what}"
        )
    return port


def _check_no_floating(deed: Deed, router_id: str, subnet_ids: list[str]) -> None:
    sql = """SELECT 1 FROM floatingips JOIN addresses
             ON addresses.port_id = floatingips.port_id AND ip = fixed_ip_address
             WHERE router_id = ? AND subnet_id = ?"""
    for subnet_id in subnet_ids:
        if deed.tx.one(sql, router_id, subnet_id):
            raise faults.RouterInterfaceInUseByFloatingIP(
                f"Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, "
                "as it is required by one or more floating IPs."
            )


def _check_routes_remain(deed: Deed, router: Row) -> None:
    if not all(_sees(deed, router["id"], route["nexthop"]) for route in router["routes"]):
        raise faults.RouterInterfaceInUseByRoute(
            f"Router interface on router {router['id']} cannot be deleted, as it is required by "
            "one or more routes."
        )


def _interface(router: Row, port: Row, subnet_id: str) -> dict[str, Any]:
    return {
        "id": router["id"],
        "tenant_id": router["project_id"],
        "project_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnet_id,
        "subnet_ids": [subnet_id],
        "tags": router["tags"],
    }


_FIXED = record({"subnet_id": uuid, "ip_address": checks.ip})
_ROUTE = record({"destination": checks.cidr, "nexthop": checks.ip}, ("destination", "nexthop"))
_GATEWAY = record(
    {"network_id": uuid, "enable_snat": boolean, "external_fixed_ips": list_of(_FIXED, 1)}
)
ROUTER = Noun(
    one="router",
    many="routers",
    table="routers",
    missing=faults.RouterNotFound,
    attributes=COMMON
    | {
        "admin_state_up": Attribute(boolean, default=True),
        _INFO: Attribute(nullable(_GATEWAY), None),
        "routes": Attribute(list_of(_ROUTE, MOST_ROUTES), [], post=True),
        _HINTS: Attribute(list_of(text()), [], put=False),
    },
    views=views,
    create=create,
    change=change,
    remove=remove,
    columns={"id": "id", "name": "name", "project_id": "project_id"},
)
