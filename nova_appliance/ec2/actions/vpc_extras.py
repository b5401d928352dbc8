# SPDX-License-Identifier: Apache-2.0
"""What tools ask about VPCs though nothing of it can be made here: ACLs, and less.

An answer here says what is true: the default ACL lets all through, because nothing else filters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nova_appliance.ec2 import listing, names, servers, topology
from nova_appliance.ec2.actions import vpcs_read
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.listing import Listing

Row = dict[str, Any]
ACLS = Listing(
    "NetworkAcls", "NetworkAclId", "acl", "NetworkAclIds", {
        "association.network-acl-id": "NetworkAclId",
        "association.subnet-id": "Associations.SubnetId",
        "default": "IsDefault",
        "network-acl-id": "NetworkAclId",
        "owner-id": "OwnerId",
        "tag-value": "Tags.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
LAST_RULE = 32767


def acls(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeNetworkAcls: every VPC has its default one, which lets all through."""
    seen = topology.look(caller)
    ids = caller.names.give("acl", seen.vpc_ids)
    items = [_acl(seen, thing, ids[thing]) for thing in seen.vpc_ids]
    return listing.show(ACLS, params, items)


def credits_(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInstanceCreditSpecifications: no flavor has any."""
    servers.find_all(caller, params.get("InstanceIds") or ())
    return {"InstanceCreditSpecifications": []}


def nothing(answer: str) -> Callable[[Caller, dict[str, Any]], dict[str, Any]]:
    """A Describe of what is never there."""

    def read(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
        return {answer: []}

    return read


def modify_vpc(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyVpcAttribute: it may be told what is so already."""
    for name, present in vpcs_read.VPC_ATTRIBUTES.items():
        key = name[:1].upper() + name[1:]
        wanted = params.get(key)
        if wanted is not None and wanted != present[key]:
            raise Fault("UnsupportedOperation", f"{key} of a VPC cannot be changed here.")
    vpcs_read.vpc_attribute(caller, {"VpcId": params["VpcId"], "Attribute": "enableDnsSupport"})
    return {}


def create_default_vpc(_caller: Caller, _params: dict[str, Any]) -> dict[str, Any]:
    """CreateDefaultVpc: it is there already, always."""
    raise Fault("DefaultVpcAlreadyExists", "A Default VPC already exists for this account.")


def modify_subnet(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifySubnetAttribute: it may be told what is so already."""
    thing = caller.names.find("subnet", params["SubnetId"])
    if thing not in topology.look(caller).subnet_ids:
        raise names.missing("subnet", (params["SubnetId"],))
    for name, value in params.items():
        told = value.get("Value") if isinstance(value, dict) else value
        if name != "SubnetId" and told not in (None, False):
            raise Fault("UnsupportedOperation", f"{name} of a subnet cannot be changed here.")
    return {}


def _acl(seen: topology.Topology, thing: str, ec2_id: str) -> Row:
    own = [row for row in seen.subnets if seen.vpc_of(row) == thing]
    return {
        "NetworkAclId": ec2_id,
        "VpcId": seen.vpc_ids[thing],
        "OwnerId": seen.account,
        "IsDefault": True,
        "Associations": [
            {
                "NetworkAclAssociationId": _association(seen.subnet_ids[row["id"]]),
                "NetworkAclId": ec2_id,
                "SubnetId": seen.subnet_ids[row["id"]],
            }
            for row in own
        ],
        "Entries": [
            {
                "CidrBlock": "0.0.0.0/0",
                "Egress": egress,
                "Protocol": "-1",
                "RuleAction": action,
                "RuleNumber": number,
            }
            for egress in (True, False)
            for number, action in ((100, "allow"), (LAST_RULE, "deny"))
        ],
        "Tags": [],
    }


def _association(subnet_id: str) -> str:
    return subnet_id.replace("subnet-", "aclassoc-", 1)
