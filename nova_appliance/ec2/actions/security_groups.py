# SPDX-License-Identifier: Apache-2.0
"""CreateSecurityGroup, DescribeSecurityGroups, DeleteSecurityGroup, DescribeSecurityGroupRules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nova_appliance.ec2 import listing, names, permissions, tagging, vpcs
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

Row = dict[str, Any]
DEFAULT = "default"
_NAME = re.compile(r"[\x20-\x7e]{1,255}")
LISTING = Listing(
    "SecurityGroups", "GroupId", "sg", "GroupIds", {
        "description": "Description",
        "egress.ip-permission.cidr": "IpPermissionsEgress.IpRanges.CidrIp",
        "egress.ip-permission.from-port": "IpPermissionsEgress.FromPort",
        "egress.ip-permission.group-id": "IpPermissionsEgress.UserIdGroupPairs.GroupId",
        "egress.ip-permission.ipv6-cidr": "IpPermissionsEgress.Ipv6Ranges.CidrIpv6",
        "egress.ip-permission.protocol": "IpPermissionsEgress.IpProtocol",
        "egress.ip-permission.to-port": "IpPermissionsEgress.ToPort",
        "group-id": "GroupId",
        "group-name": "GroupName",
        "ip-permission.cidr": "IpPermissions.IpRanges.CidrIp",
        "ip-permission.from-port": "IpPermissions.FromPort",
        "ip-permission.group-id": "IpPermissions.UserIdGroupPairs.GroupId",
        "ip-permission.ipv6-cidr": "IpPermissions.Ipv6Ranges.CidrIpv6",
        "ip-permission.protocol": "IpPermissions.IpProtocol",
        "ip-permission.to-port": "IpPermissions.ToPort",
        "owner-id": "OwnerId",
        "tag-value": "Tags.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
RULES = Listing(
    "SecurityGroupRules", "SecurityGroupRuleId", "sgr", "SecurityGroupRuleIds",
    {"group-id": "GroupId", "security-group-rule-id": "SecurityGroupRuleId"},
)  # fmt: skip


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateSecurityGroup."""
    name = params["GroupName"]
    if name == DEFAULT:
        raise Fault("InvalidGroup.Reserved", "The security group 'default' is reserved")
    if not _NAME.fullmatch(name) or name.startswith("sg-"):
        raise Fault(
            "InvalidParameterValue",
            "A group's name has 1 to 255 printable ASCII characters and does not begin with sg-.",
        )
    new = tagging.specified(params, "security-group")
    vpc = caller.names.find("vpc", params["VpcId"]) if params.get("VpcId") else caller.project_id
    if any(r["name"] == name and vpcs.of(r, caller.project_id) == vpc for r in rows(caller)):
        raise Fault("InvalidGroup.Duplicate", f"The security group '{name}' already exists")
    with coded(OverQuota="SecurityGroupLimitExceeded"):
        row = caller.rows.create(
            caller.context,
            "security-groups",
            {"name": name, "description": params["Description"]},
        )
    if vpc != caller.project_id:
        caller.rows.tag(caller.context, "security-groups", row["id"], (vpcs.IN_VPC + vpc,))
    ec2_id = caller.names.one("sg", row["id"])
    tagging.keep(caller, ec2_id, new)
    return {"GroupId": ec2_id, "Tags": tag_set(new)}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSecurityGroups."""
    every = rows(caller)
    asked = params.get("GroupNames") or ()
    unknown = [name for name in asked if name not in {row["name"] for row in every}]
    if unknown:
        raise _no_name(unknown[0])
    items = show(caller, every)
    return listing.show(LISTING, params, [i for i in items if not asked or i["GroupName"] in asked])


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteSecurityGroup."""
    row = find(caller, params)
    if row["name"] == DEFAULT:
        raise Fault("CannotDelete", "The security group 'default' cannot be deleted by a user")
    with coded(Conflict="DependencyViolation", NotFound="InvalidGroup.NotFound"):
        caller.rows.remove(caller.context, "security-groups", row["id"])
    ec2_id = caller.names.one("sg", row["id"])
    tagging.forget(caller, ec2_id)
    return {"Return": True, "GroupId": ec2_id}


def rules(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeSecurityGroupRules."""
    every = rows(caller)
    found = show_rules(caller, [rule for row in every for rule in row["security_group_rules"]])
    return listing.show(RULES, params, found)


def rows(caller: Caller) -> tuple[Row, ...]:
    """The groups of the project, as Neutron shows them."""
    return caller.rows.list_(caller.context, "security-groups", project_id=caller.project_id)


def find(caller: Caller, params: Mapping[str, Any]) -> Row:
    """The group of GroupId or GroupName. Raises Fault."""
    ec2_id, name = params.get("GroupId"), params.get("GroupName")
    if ec2_id:
        thing = caller.names.find("sg", ec2_id)
        found = [row for row in rows(caller) if row["id"] == thing]
        if not found:
            raise names.missing("sg", (ec2_id,))
        return found[0]
    if not name:
        raise missing("GroupId")
    found = [row for row in rows(caller) if row["name"] == name]
    if not found:
        raise _no_name(name)
    return found[0]


def show(caller: Caller, every: tuple[Row, ...]) -> list[Row]:
    """Groups as EC2 describes them."""
    ids = caller.names.give("sg", (row["id"] for row in every))
    named = {r["id"]: {"GroupId": ids[r["id"]], "GroupName": r["name"]} for r in every}
    in_vpcs = {row["id"]: vpcs.of(row, caller.project_id) for row in every}
    vpc_ids = caller.names.give("vpc", in_vpcs.values())
    kept = tags(caller)

    def part(row: Row, direction: str) -> list[Row]:
        chosen = [r for r in row["security_group_rules"] if r["direction"] == direction]
        return permissions.show(chosen, named, caller.project_id)

    return [
        {
            "OwnerId": caller.project_id,
            **named[row["id"]],
            "Description": row.get("description") or "",
            "VpcId": vpc_ids[in_vpcs[row["id"]]],
            "IpPermissions": part(row, "ingress"),
            "IpPermissionsEgress": part(row, "egress"),
            "Tags": tag_set(kept.get(ids[row["id"]])),
        }
        for row in every
    ]


def show_rules(caller: Caller, some: list[Row]) -> list[Row]:
    """Rules as EC2 describes them one by one."""
    ids = caller.names.give("sgr", (rule["id"] for rule in some))
    remotes = {rule["remote_group_id"] for rule in some if rule.get("remote_group_id")}
    groups = caller.names.give("sg", {rule["security_group_id"] for rule in some} | remotes)
    return [_rule(caller, rule, ids[rule["id"]], groups) for rule in some]


def _rule(caller: Caller, rule: Row, ec2_id: str, groups: Mapping[str, str]) -> Row:
    cidr = rule.get("remote_ip_prefix") or permissions.EVERYWHERE[rule["ethertype"]]
    remote = rule.get("remote_group_id")
    field = "CidrIpv6" if rule["ethertype"] == "IPv6" else "CidrIpv4"
    source: Row = {field: cidr}
    if remote:
        source = {"ReferencedGroupInfo": {"GroupId": groups[remote], "UserId": caller.project_id}}
    ports = {"FromPort": -1, "ToPort": -1} | permissions.protocol_of(rule)
    return {
        "SecurityGroupRuleId": ec2_id,
        "GroupId": groups[rule["security_group_id"]],
        "GroupOwnerId": caller.project_id,
        "IsEgress": rule["direction"] == "egress",
        **ports,
        **source,
        "Description": rule.get("description") or "",
        "Tags": [],
    }


def _no_name(name: str) -> Fault:
    return Fault("InvalidGroup.NotFound", f"The security group '{shown(name)}' does not exist")
