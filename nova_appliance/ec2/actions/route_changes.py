# SPDX-License-Identifier: Apache-2.0
"""CreateRoute, ReplaceRoute, DeleteRoute: the router of a VPC, its gateway and static routes."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from nova_appliance.clients.session import error_type
from nova_appliance.common import errors
from nova_appliance.ec2 import names, servers, topology
from nova_appliance.ec2.actions import gateways, route_tables
from nova_appliance.ec2.actions.route_tables import OUTSIDE, Table
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.topology import Row, Topology

Params = Mapping[str, Any]
TARGETS = ("GatewayId", "NetworkInterfaceId", "InstanceId")
UNBUILT = {
    "CarrierGatewayId": "carrier gateways",
    "CoreNetworkArn": "core networks",
    "DestinationIpv6CidrBlock": "IPv6 in VPCs",
    "DestinationPrefixListId": "prefix lists",
    "EgressOnlyInternetGatewayId": "egress-only internet gateways",
    "LocalGatewayId": "local gateways",
    "LocalTarget": "replaced local routes",
    "NatGatewayId": "NAT gateways",
    "TransitGatewayId": "transit gateways",
    "VpcEndpointId": "VPC endpoints",
    "VpcPeeringConnectionId": "peering connections",
}
"""Parameter > what it would take."""
RESERVED = ipaddress.IPv4Network("169.254.168.0/22")


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateRoute: 0.0.0.0/0 to the VPC's internet gateway, any range to an instance or interface."""
    seen, table, to = _look(caller, params)
    target = _target(caller, seen, table, params, to)
    if to in table.local or _has_gateway(table, to) or _hops(table, to):
        raise Fault("RouteAlreadyExists", f"The route identified by {to} already exists.")
    _check_range(table, to)
    _lead(caller, seen.routers[table.vpc], to, target)
    return {"Return": True}


def replace(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ReplaceRoute: the new way is there before the old one goes."""
    seen, table, to = _look(caller, params)
    target = _target(caller, seen, table, params, to)
    _check_there(table, to)
    row, old = seen.routers[table.vpc], _hops(table, to)
    if _has_gateway(table, to) and target[0] != "igw":
        gateways.close_route(caller, row)
    _lead(caller, row, to, target)
    _drop(caller, table, [route for route in old if route["nexthop"] != target[1]])
    return {}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteRoute: not the one to the gateway while public addresses lead through it."""
    seen, table, to = _look(caller, params)
    _check_there(table, to)
    if _has_gateway(table, to):
        gateways.close_route(caller, seen.routers[table.vpc])
    _drop(caller, table, _hops(table, to))
    return {}


def _look(caller: Caller, params: Params) -> tuple[Topology, Table, str]:
    """What is there, the table, and the destination. Raises Fault."""
    for name, what in UNBUILT.items():
        if params.get(name):
            raise Fault("UnsupportedOperation", f"There are no {what} here.")
    seen = topology.look(caller)
    table = route_tables.find(caller, seen, params["RouteTableId"])
    if table.vpc == seen.account:
        raise Fault("OperationNotPermitted", "The default VPC's route table stays as it is.")
    return seen, table, _destination(params)


def _destination(params: Params) -> str:
    """The range as EC2 has it: without the bits of a host."""
    told = params.get("DestinationCidrBlock")
    if not told:
        raise missing("destinationCidrBlock")
    try:
        found = ipaddress.IPv4Network(told, strict=False)
    except ValueError as error:
        raise Fault(
            "InvalidParameterValue",
            f"Value ({shown(told)}) for parameter destinationCidrBlock is invalid. This is not a "
            "valid CIDR block.",
        ) from error
    if found.subnet_of(RESERVED):
        raise Fault("InvalidParameterValue", f"{found} is reserved: no route can lead there.")
    return str(found)


def _has_gateway(table: Table, to: str) -> bool:
    return bool(table.gateway) and to == OUTSIDE


def _hops(table: Table, to: str) -> list[Row]:
    return [route for route in table.static if route["destination"] == to]


def _check_there(table: Table, to: str) -> None:
    """Raises Fault unless the table has a route there that may be changed."""
    if to in table.local:
        raise Fault(
            "InvalidParameterValue", f"cannot change local route {to} in route table {table.ec2_id}"
        )
    if not _has_gateway(table, to) and not _hops(table, to):
        raise Fault(
            "InvalidRoute.NotFound",
            f"no route with destination-cidr-block {to} in route table {table.ec2_id}",
        )


def _check_range(table: Table, to: str) -> None:
    wanted = ipaddress.IPv4Network(to)
    if any(wanted.subnet_of(ipaddress.IPv4Network(cidr)) for cidr in table.local):
        raise Fault(
            "InvalidParameterValue",
            f"The destination CIDR block {to} is equal to or more specific than one of this VPC's "
            "CIDR blocks: the router itself leads there.",
        )


def _target(
    caller: Caller, seen: Topology, table: Table, params: Params, to: str
) -> tuple[str, str]:
    """("igw", EC2 id) or ("hop", address). Raises Fault."""
    told = [name for name in TARGETS if params.get(name)]
    if not told:
        raise missing("gatewayId")
    if len(told) > 1:
        raise Fault("InvalidParameterCombination", f"A route has one target, not {told}.")
    if told[0] == "GatewayId":
        return "igw", _gateway(caller, seen, table, params["GatewayId"], to)
    return "hop", _address(seen, table, params[told[0]], _port(caller, told[0], params[told[0]]))


def _gateway(caller: Caller, seen: Topology, table: Table, ec2_id: str, to: str) -> str:
    if ec2_id.startswith("vgw-"):
        raise Fault("UnsupportedOperation", "There are no virtual private gateways here.")
    names.check("igw", ec2_id)
    if ec2_id not in caller.names.known("igw", (ec2_id,)):
        raise Fault("InvalidGatewayID.NotFound", f"The gateway ID '{ec2_id}' does not exist")
    if gateways.of_vpcs(caller, seen).get(table.vpc) != ec2_id:
        raise _elsewhere(table, ec2_id)
    if to != OUTSIDE:
        raise Fault("UnsupportedOperation", f"An internet gateway leads to {OUTSIDE}, not to less.")
    return ec2_id


def _port(caller: Caller, kind: str, ec2_id: str) -> Row:
    """The interface itself, or the only one of an instance. Raises Fault."""
    if kind == "NetworkInterfaceId":
        asked = {"id": caller.names.find("eni", ec2_id)}
    else:
        asked = {"device_id": servers.find(caller, ec2_id).id}
    rows = caller.rows.list_(caller.context, "ports", project_id=caller.project_id, **asked)
    found = [row for row in rows if not row["device_owner"].startswith("network:")]
    if len(found) == 1:
        return found[0]
    if kind == "NetworkInterfaceId":
        raise names.missing("eni", (ec2_id,))
    if not found:
        raise Fault("IncorrectInstanceState", f"The instance {ec2_id} has no interface yet.")
    raise Fault(
        "InvalidInstanceID",
        f"There are multiple interfaces attached to instance '{ec2_id}'. Please specify an "
        "interface ID for the operation instead.",
    )


def _address(seen: Topology, table: Table, ec2_id: str, port: Row) -> str:
    """The address that the interface has in the VPC of the table. Raises Fault."""
    own = {row["id"] for row in seen.subnets if seen.vpc_of(row) == table.vpc}
    for ip in port["fixed_ips"]:
        if ip["subnet_id"] in own:
            return str(ip["ip_address"])
    raise _elsewhere(table, ec2_id)


def _elsewhere(table: Table, ec2_id: str) -> Fault:
    return Fault(
        "InvalidParameterValue",
        f"route table {table.ec2_id} and target {ec2_id} belong to different networks",
    )


def _lead(caller: Caller, row: Row, to: str, target: tuple[str, str]) -> None:
    """Have the router lead there. May be done twice."""
    if target[0] == "igw":
        gateways.open_route(caller, row, target[1])
        return
    route = {"destination": to, "nexthop": target[1]}
    try:
        caller.rows.add_routes(caller.context, row["id"], [route])
    except errors.Invalid as error:
        if error_type(error) == "RoutesExhausted":
            raise Fault("RouteLimitExceeded", error.message) from error
        raise


def _drop(caller: Caller, table: Table, routes: list[Row]) -> None:
    if routes:
        caller.rows.drop_routes(caller.context, table.vpc, routes)
