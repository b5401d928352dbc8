# SPDX-License-Identifier: Apache-2.0
"""Where a new server goes: zone, networks and security groups, out of EC2's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions import zones
from nova_appliance.domain.boot import NetworkRequest
from nova_appliance.ec2 import names, placement_groups
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

Params = Mapping[str, Any]
TOP_LEVEL = ("SubnetId", "SecurityGroupIds", "SecurityGroups", "PrivateIpAddress")
UNBUILT = {
    "Affinity": "The affinity to a host",
    "HostId": "A host",
    "HostResourceGroupArn": "A group of hosts",
    "PartitionNumber": "A partition",
}
"""Field of Placement > what it would choose."""


def zone(caller: Caller, params: Params) -> str | None:
    """The availability zone asked for. Raises Fault for one that is not there."""
    name: str | None = (params.get("Placement") or {}).get("AvailabilityZone")
    if not name:
        return None
    if name not in {known.name for known in zones.list_(caller.cloud) if known.is_available}:
        raise Fault("InvalidParameterValue", f"Invalid availability zone: [{shown(name)}]")
    return name


def hints(caller: Caller, params: Params) -> dict[str, Any]:
    """What the scheduler is told of the placement group. Raises Fault."""
    told = params.get("Placement") or {}
    for name, what in UNBUILT.items():
        if told.get(name):
            raise Fault("UnsupportedOperation", f"{what} cannot be chosen here.")
    if told.get("Tenancy") not in (None, "", "default"):
        raise Fault("UnsupportedOperation", "Instances have no hosts to themselves here.")
    if not told.get("GroupName") and not told.get("GroupId"):
        return {}
    return {"group": placement_groups.find(caller, told).id}


def networks(caller: Caller, params: Params) -> tuple[NetworkRequest, ...] | str:
    """Interfaces to make: those described, the subnet named, or the first network there is."""
    described = params.get("NetworkInterfaces") or ()
    if described:
        _check_alone(params)
        ordered = sorted(described, key=lambda one: one.get("DeviceIndex", 0))
        return tuple(_interface(caller, one) for one in ordered)
    if params.get("SubnetId"):
        wanted = {"SubnetId": params["SubnetId"]}
        if params.get("PrivateIpAddress"):
            wanted["PrivateIpAddress"] = params["PrivateIpAddress"]
        return (_interface(caller, wanted),)
    usable = caller.cloud.networks.usable(caller.project_id, None, caller.context)
    first = next((network for network in usable if network.subnet_ids), None)
    if first is None:
        raise Fault("MissingInput", "There is no network to join: make a subnet, and name it.")
    return (NetworkRequest(network_id=first.id, fixed_ip=params.get("PrivateIpAddress")),)


def _check_alone(params: Params) -> None:
    for name in TOP_LEVEL:
        if params.get(name):
            raise Fault(
                "InvalidParameterCombination",
                f"Network interfaces and a top-level {name} may not be given together.",
            )


def _interface(caller: Caller, wanted: Params) -> NetworkRequest:
    if wanted.get("NetworkInterfaceId"):
        return NetworkRequest(port_id=caller.names.find("eni", wanted["NetworkInterfaceId"]))
    ec2_id = wanted.get("SubnetId")
    if not ec2_id:
        raise Fault("MissingParameter", "A network interface needs a SubnetId.")
    subnet_id = caller.names.find("subnet", ec2_id)
    rows = caller.rows.list_(caller.context, "subnets", id=subnet_id)
    if not rows:
        raise names.missing("subnet", (ec2_id,))
    return NetworkRequest(network_id=rows[0]["network_id"], fixed_ip=wanted.get("PrivateIpAddress"))


def groups(caller: Caller, params: Params) -> tuple[str, ...]:
    """Security groups by their names where a name is unique, as the Compute API shows them."""
    ids, asked = set(params.get("SecurityGroupIds") or ()), set(params.get("SecurityGroups") or ())
    for one in params.get("NetworkInterfaces") or ():
        ids |= set(one.get("Groups") or ())
    if not ids and not asked:
        return ("default",)
    rows = caller.rows.list_(caller.context, "security-groups", project_id=caller.project_id)
    things = set(caller.names.find_all("sg", sorted(ids)).values())
    chosen = [row for row in rows if row["id"] in things or row["name"] in asked]
    _check_found(caller, rows, things, asked)
    counts = [row["name"] for row in rows]
    return tuple(row["name"] if counts.count(row["name"]) == 1 else row["id"] for row in chosen)


def _check_found(caller: Caller, rows: Any, things: set[str], asked: set[str]) -> None:
    gone = things - {row["id"] for row in rows}
    if gone:
        raise names.missing("sg", caller.names.give("sg", gone).values())
    unknown = sorted(asked - {row["name"] for row in rows})
    if unknown:
        raise Fault(
            "InvalidGroup.NotFound", f"The security group '{shown(unknown[0])}' does not exist"
        )
