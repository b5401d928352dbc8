# SPDX-License-Identifier: Apache-2.0
"""DescribeRouteTables: the main table of each VPC, read from its router."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

from nova_appliance.ec2 import listing, names, topology, vpcs
from nova_appliance.ec2.actions import gateways
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.surroundings import tag_set, tags
from nova_appliance.ec2.topology import Row, Topology

LISTING = Listing(
    "RouteTables", "RouteTableId", "rtb", "RouteTableIds", {
        "association.main": "Associations.Main",
        "association.route-table-association-id": "Associations.RouteTableAssociationId",
        "association.route-table-id": "RouteTableId",
        "association.subnet-id": "Associations.SubnetId",
        "owner-id": "OwnerId",
        "route-table-id": "RouteTableId",
        "route.destination-cidr-block": "Routes.DestinationCidrBlock",
        "route.gateway-id": "Routes.GatewayId",
        "route.instance-id": "Routes.InstanceId",
        "route.origin": "Routes.Origin",
        "route.state": "Routes.State",
        "tag-value": "Tags.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
OUTSIDE = "0.0.0.0/0"


@dataclasses.dataclass(frozen=True)
class Table:
    """The main table of one VPC."""

    ec2_id: str
    vpc: str
    """What stands for the VPC: a router's id, or the project's."""
    local: tuple[str, ...]
    """The VPC's own ranges."""
    gateway: str
    """EC2 id of the internet gateway that the default route leads to, or ''."""
    is_attached: bool
    """Whether that gateway is at the VPC."""
    static: tuple[Row, ...]
    """Routes of the router: destination and nexthop."""


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeRouteTables: every VPC has its main one."""
    seen, kept = topology.look(caller), tags(caller)
    tables = of_vpcs(caller, seen)
    hops = _hops(caller, seen) if any(table.static for table in tables) else {}
    items = [
        {
            "RouteTableId": table.ec2_id,
            "VpcId": seen.vpc_ids[table.vpc],
            "OwnerId": seen.account,
            "Associations": [
                {
                    "Main": True,
                    "RouteTableId": table.ec2_id,
                    "RouteTableAssociationId": table.ec2_id.replace("rtb-", "rtbassoc-", 1),
                    "AssociationState": {"State": "associated"},
                }
            ],
            "PropagatingVgws": [],
            "Routes": [*_own_routes(table), *_static_routes(seen, table, hops)],
            "Tags": tag_set(kept.get(table.ec2_id)),
        }
        for table in tables
    ]
    return listing.show(LISTING, params, items)


def of_vpcs(caller: Caller, seen: Topology) -> list[Table]:
    """The table of every VPC."""
    ids = caller.names.give("rtb", seen.vpc_ids)
    attached = gateways.of_vpcs(caller, seen)
    return [_table(seen, thing, ids[thing], attached.get(thing, "")) for thing in seen.vpc_ids]


def find(caller: Caller, seen: Topology, ec2_id: str) -> Table:
    """The table of that id. Raises Fault."""
    names.check("rtb", ec2_id)
    found = [table for table in of_vpcs(caller, seen) if table.ec2_id == ec2_id]
    if not found:
        raise names.missing("rtb", (ec2_id,))
    return found[0]


def _table(seen: Topology, vpc: str, ec2_id: str, attached: str) -> Table:
    router = seen.routers.get(vpc, {})
    leads = vpc == seen.account or bool(router.get("external_gateway_info"))
    gateway = attached if leads else vpcs.told(router, vpcs.OUT)
    return Table(
        ec2_id=ec2_id,
        vpc=vpc,
        local=tuple(cidr for cidr in seen.cidrs(vpc) if cidr != topology.NO_CIDR),
        gateway=gateway,
        is_attached=leads,
        static=tuple(router.get("routes") or ()),
    )


def _own_routes(table: Table) -> list[Row]:
    base = {"State": "active", "Origin": "CreateRouteTable"}
    routes = [{"DestinationCidrBlock": cidr, "GatewayId": "local", **base} for cidr in table.local]
    if table.gateway:
        routes.append(
            {
                "DestinationCidrBlock": OUTSIDE,
                "GatewayId": table.gateway,
                "State": "active" if table.is_attached else "blackhole",
                "Origin": "CreateRoute",
            }
        )
    return routes


def _static_routes(seen: Topology, table: Table, hops: dict[str, list[Row]]) -> list[Row]:
    """A route whose next hop no attached interface has leads nowhere."""
    ranges = [
        ipaddress.ip_network(row["cidr"]) for row in seen.subnets if seen.vpc_of(row) == table.vpc
    ]
    found = []
    for route in table.static:
        near = any(ipaddress.ip_address(route["nexthop"]) in one for one in ranges)
        hop = next((one for one in hops.get(route["nexthop"], ()) if one["vpc"] == table.vpc), None)
        key = "DestinationIpv6CidrBlock" if ":" in route["destination"] else "DestinationCidrBlock"
        active = near and hop is not None and "InstanceId" in hop["shown"]
        found.append(
            {key: route["destination"], "Origin": "CreateRoute"}
            | {"State": "active" if active else "blackhole"}
            | (hop["shown"] if hop else {})
        )
    return found


def _hops(caller: Caller, seen: Topology) -> dict[str, list[Row]]:
    """Address > the interfaces that have it: their VPC, and how a route shows them."""
    in_vpcs = {row["id"]: seen.vpc_of(row) for row in seen.subnets}
    ports = [
        row
        for row in caller.rows.list_(caller.context, "ports", project_id=caller.project_id)
        if row["device_owner"].startswith("compute:") or not row["device_owner"]
    ]
    enis = caller.names.give("eni", (row["id"] for row in ports))
    servers = caller.names.give("i", (row["device_id"] for row in ports if row["device_id"]))
    found: dict[str, list[Row]] = {}
    for port in ports:
        shown = {"NetworkInterfaceId": enis[port["id"]]}
        if port["device_id"]:
            shown |= {
                "InstanceId": servers[port["device_id"]],
                "InstanceOwnerId": caller.project_id,
            }
        for ip in port["fixed_ips"]:
            hop = {"vpc": in_vpcs.get(ip["subnet_id"]), "shown": shown}
            found.setdefault(ip["ip_address"], []).append(hop)
    return found
