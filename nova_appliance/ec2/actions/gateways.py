# SPDX-License-Identifier: Apache-2.0
"""Internet gateways: an id of ours, attached to a VPC by a tag of its router.

The way out itself is the router's external gateway: there while the gateway is attached and the
default route leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.common import ids
from nova_appliance.db import ec2_ids
from nova_appliance.ec2 import listing, names, tagging, topology, vpcs
from nova_appliance.ec2.actions import addresses
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.surroundings import tag_set, tags
from nova_appliance.ec2.topology import Row, Topology

GATEWAYS = Listing(
    "InternetGateways", "InternetGatewayId", "igw", "InternetGatewayIds", {
        "attachment.state": "Attachments.State",
        "attachment.vpc-id": "Attachments.VpcId",
        "internet-gateway-id": "InternetGatewayId",
        "owner-id": "OwnerId",
        "tag-value": "Tags.Value",
    },
)  # fmt: skip


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateInternetGateway."""
    new = tagging.specified(params, "internet-gateway")
    ec2_id = caller.names.one("igw", f"{caller.project_id}/{ids.new_id()}")
    tagging.keep(caller, ec2_id, new)
    return {"InternetGateway": _show(caller, ec2_id, None, new)}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteInternetGateway: one that is attached to nothing."""
    ec2_id = params["InternetGatewayId"]
    thing = _own(caller, ec2_id)
    if ec2_id in of_vpcs(caller, topology.look(caller)).values():
        raise Fault("DependencyViolation", f"The internet gateway '{ec2_id}' is attached.")
    caller.cloud.cells.api.transact(lambda conn: ec2_ids.remove(conn, "igw", thing))
    caller.names.forget("igw", thing)
    tagging.forget(caller, ec2_id)
    return {}


def attach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AttachInternetGateway: a route to it leads outside; one that is there from before does so now."""
    ec2_id = params["InternetGatewayId"]
    thing, seen = _own(caller, ec2_id), topology.look(caller)
    router, attached = _router(seen, params["VpcId"]), of_vpcs(caller, seen)
    if router in attached or ec2_id in attached.values():
        raise Fault("Resource.AlreadyAssociated", f"'{ec2_id}' or the VPC is attached already.")
    row = seen.routers[router]
    with coded(Conflict="Resource.AlreadyAssociated"):
        vpcs.mark(caller, row, {vpcs.GATEWAY: thing.partition("/")[2]})
        if vpcs.told(row, vpcs.OUT) == ec2_id:
            _lead_outside(caller, router)
    return {}


def detach(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DetachInternetGateway: a route to it stays, and leads nowhere."""
    ec2_id = params["InternetGatewayId"]
    _own(caller, ec2_id)
    seen = topology.look(caller)
    router = _router(seen, params["VpcId"])
    if of_vpcs(caller, seen).get(router) != ec2_id:
        raise Fault("Gateway.NotAttached", f"'{ec2_id}' is not attached to {params['VpcId']}.")
    row = seen.routers[router]
    leads = bool(row.get("external_gateway_info")) or vpcs.told(row, vpcs.OUT) == ec2_id
    _lead_nowhere(caller, router)
    vpcs.mark(caller, row, {vpcs.GATEWAY: ""} | ({vpcs.OUT: ec2_id} if leads else {}))
    return {}


def open_route(caller: Caller, row: Row, ec2_id: str) -> None:
    """Have the default route of a VPC's router lead to its gateway. May be done twice."""
    vpcs.mark(caller, row, {vpcs.OUT: ec2_id})
    _lead_outside(caller, row["id"])


def close_route(caller: Caller, row: Row) -> None:
    """Have it lead nowhere. Raises Fault while public addresses need it. May be done twice."""
    _lead_nowhere(caller, row["id"])
    vpcs.mark(caller, row, {vpcs.OUT: ""})


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInternetGateways: those made, and those of VPCs that lead outside by themselves."""
    seen, kept = topology.look(caller), tags(caller)
    attached = {ec2_id: thing for thing, ec2_id in of_vpcs(caller, seen).items()}
    with caller.cloud.cells.api.read() as conn:
        made = ec2_ids.beginning(conn, "igw", f"{caller.project_id}/")
    every = dict.fromkeys([*attached, *made.values()])
    items = [
        _show(caller, ec2_id, seen.vpc_ids.get(attached.get(ec2_id, "")), kept.get(ec2_id))
        for ec2_id in every
    ]
    return listing.show(GATEWAYS, params, items)


def of_vpcs(caller: Caller, seen: Topology) -> dict[str, str]:
    """VPC > EC2 id of its internet gateway; the default VPC has one when there is an outside."""
    outside = caller.rows.list_(caller.context, "networks", **{"router:external": "true"})
    things = {seen.account: seen.account} if outside else {}
    for router, row in seen.routers.items():
        mark = vpcs.told(row, vpcs.GATEWAY)
        if mark or row.get("external_gateway_info"):
            things[router] = f"{seen.account}/{mark}" if mark else router
    named = caller.names.give("igw", things.values())
    return {router: named[thing] for router, thing in things.items()}


def _show(
    caller: Caller, ec2_id: str, vpc_id: str | None, kept: Mapping[str, str] | None
) -> dict[str, Any]:
    return {
        "InternetGatewayId": ec2_id,
        "OwnerId": caller.project_id,
        "Attachments": [{"State": "available", "VpcId": vpc_id}] if vpc_id else [],
        "Tags": tag_set(kept),
    }


def _own(caller: Caller, ec2_id: str) -> str:
    """What stands for a gateway that this project made. Raises Fault."""
    thing = caller.names.find("igw", ec2_id)
    if thing == caller.project_id:
        raise Fault("OperationNotPermitted", "The default VPC's gateway stays as it is.")
    if not thing.startswith(f"{caller.project_id}/"):
        raise names.missing("igw", (ec2_id,))
    return thing


def _router(seen: Topology, vpc_id: str) -> str:
    """The router of a VPC that was made here. Raises Fault."""
    names.check("vpc", vpc_id)
    found = [thing for thing, one in seen.vpc_ids.items() if one == vpc_id]
    if not found:
        raise names.missing("vpc", (vpc_id,))
    if found[0] == seen.account:
        raise Fault("OperationNotPermitted", "The default VPC's gateway stays as it is.")
    return found[0]


def _lead_outside(caller: Caller, router: str) -> None:
    way_out = {"external_gateway_info": {"network_id": addresses.pool(caller)}}
    caller.rows.change(caller.context, "routers", router, way_out)


def _lead_nowhere(caller: Caller, router: str) -> None:
    with coded(Conflict="DependencyViolation"):
        nowhere = {"external_gateway_info": None}
        caller.rows.change(caller.context, "routers", router, nowhere)
