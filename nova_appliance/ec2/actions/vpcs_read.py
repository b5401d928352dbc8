# SPDX-License-Identifier: Apache-2.0
"""DescribeVpcs, DescribeVpcAttribute, DescribeSubnets."""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.actions import zones
from nova_appliance.ec2 import listing, names, topology
from nova_appliance.ec2 import vpcs as marks
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import shown
from nova_appliance.ec2.surroundings import tag_set, tags
from nova_appliance.ec2.topology import Row, Topology

VPCS = Listing(
    "Vpcs", "VpcId", "vpc", "VpcIds", {
        "cidr": "CidrBlock",
        "cidr-block": "CidrBlock",
        "cidr-block-association.cidr-block": "CidrBlockAssociationSet.CidrBlock",
        "dhcp-options-id": "DhcpOptionsId",
        "is-default": "IsDefault",
        "isDefault": "IsDefault",
        "owner-id": "OwnerId",
        "state": "State",
        "tag-value": "Tags.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
SUBNETS = Listing(
    "Subnets", "SubnetId", "subnet", "SubnetIds", {
        "availability-zone": "AvailabilityZone",
        "availabilityZone": "AvailabilityZone",
        "available-ip-address-count": "AvailableIpAddressCount",
        "cidr": "CidrBlock",
        "cidr-block": "CidrBlock",
        "cidrBlock": "CidrBlock",
        "default-for-az": "DefaultForAz",
        "owner-id": "OwnerId",
        "state": "State",
        "subnet-id": "SubnetId",
        "tag-value": "Tags.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
VPC_ATTRIBUTES = {
    "enableDnsSupport": {"EnableDnsSupport": {"Value": True}},
    "enableDnsHostnames": {"EnableDnsHostnames": {"Value": False}},
    "enableNetworkAddressUsageMetrics": {"EnableNetworkAddressUsageMetrics": {"Value": False}},
}


def vpcs(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeVpcs: the default VPC, and those that were made."""
    seen, kept = topology.look(caller), tags(caller)
    options = _options(caller, seen)
    items = [
        show_vpc(seen, thing, kept.get(ec2_id)) | options.get(thing, {})
        for thing, ec2_id in seen.vpc_ids.items()
    ]
    return listing.show(VPCS, params, items)


def vpc_attribute(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeVpcAttribute."""
    names.check("vpc", params["VpcId"])
    if params["VpcId"] not in topology.look(caller).vpc_ids.values():
        raise names.missing("vpc", (params["VpcId"],))
    if params["Attribute"] not in VPC_ATTRIBUTES:
        told = shown(params["Attribute"])
        raise Fault("InvalidParameterValue", f"'{told}' is not an attribute of a VPC.")
    return {"VpcId": params["VpcId"]} | VPC_ATTRIBUTES[params["Attribute"]]


def subnets(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSubnets."""
    seen, kept = topology.look(caller), tags(caller)
    zone = _zone(caller)
    used = _used(caller)
    items = [
        show_subnet(seen, row, zone, used.get(row["id"], 0), kept.get(seen.subnet_ids[row["id"]]))
        for row in seen.subnets
    ]
    return listing.show(SUBNETS, params, items)


def show_vpc(seen: Topology, thing: str, kept: dict[str, str] | None) -> Row:
    """One VPC."""
    vpc_id, cidrs = seen.vpc_ids[thing], seen.cidrs(thing)
    return {
        "VpcId": vpc_id,
        "OwnerId": seen.account,
        "State": "available",
        "CidrBlock": cidrs[0],
        "CidrBlockAssociationSet": [
            {
                "AssociationId": vpc_id.replace("vpc-", "vpc-cidr-assoc-", 1),
                "CidrBlock": cidr,
                "CidrBlockState": {"State": "associated"},
            }
            for cidr in cidrs
        ],
        "Ipv6CidrBlockAssociationSet": [],
        "DhcpOptionsId": "default",
        "InstanceTenancy": "default",
        "IsDefault": thing == seen.account,
        "Tags": tag_set(kept),
    }


def show_subnet(seen: Topology, row: Row, zone: str, used: int, kept: dict[str, str] | None) -> Row:
    """One subnet; `used` is how many of its addresses ports have."""
    size = ipaddress.ip_network(row["cidr"]).num_addresses
    return {
        "SubnetId": seen.subnet_ids[row["id"]],
        "VpcId": seen.vpc_ids[seen.vpc_of(row)],
        "OwnerId": seen.account,
        "State": "available",
        "CidrBlock": row["cidr"],
        "AvailableIpAddressCount": max(size - 3 - used, 0),
        "AvailabilityZone": zone,
        "AvailabilityZoneId": zone,
        "DefaultForAz": seen.vpc_of(row) == seen.account,
        "MapPublicIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": False,
        "Ipv6Native": False,
        "Ipv6CidrBlockAssociationSet": [],
        "Tags": tag_set(kept),
    }


def _options(caller: Caller, seen: Topology) -> dict[str, Row]:
    """VPC > its DHCP options, of those that have other than the default ones."""
    told = {thing: marks.told(row, marks.DHCP) for thing, row in seen.routers.items()}
    ec2_ids = caller.names.give("dopt", filter(None, told.values()))
    return {thing: {"DhcpOptionsId": ec2_ids[one]} for thing, one in told.items() if one}


def _zone(caller: Caller) -> str:
    """Networks reach all zones; EC2 wants one said."""
    internal = zones.internal(caller.cloud)
    known = [zone.name for zone in zones.list_(caller.cloud) if zone.name != internal]
    return known[0] if known else str(caller.cloud.conf.default_availability_zone)


def _used(caller: Caller) -> dict[str, int]:
    """Subnet > addresses that the project's ports have there."""
    counts: dict[str, int] = {}
    for port in caller.rows.list_(caller.context, "ports", project_id=caller.project_id):
        for ip in port["fixed_ips"]:
            counts[ip["subnet_id"]] = counts.get(ip["subnet_id"], 0) + 1
    return counts
