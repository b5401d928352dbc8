# SPDX-License-Identifier: Apache-2.0
"""ModifySecurityGroupRules: a rule in another's place, under its id."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.common import errors
from nova_appliance.ec2 import permissions
from nova_appliance.ec2.actions import group_rules
from nova_appliance.ec2.actions import security_groups as groups
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import missing

Row = dict[str, Any]
SOURCES = ("CidrIpv4", "CidrIpv6", "ReferencedGroupId", "PrefixListId")
KEPT = (
    "description", "direction", "ethertype", "port_range_max", "port_range_min", "protocol",
    "remote_group_id", "remote_ip_prefix", "security_group_id",
)  # fmt: skip
"""What makes a rule again."""


@dataclasses.dataclass(frozen=True)
class Change:
    """A rule as it is, and as it is to be: both as the network service makes them."""

    old: Row
    new: Row

    @property
    def is_same(self) -> bool:
        """Whether the network service takes them for one."""
        return permissions.key(self.old) == permissions.key(self.new)


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifySecurityGroupRules: everything of a rule but its direction; nothing unless all fit."""
    group = groups.find(caller, {"GroupId": params["GroupId"]})
    changes = [_change(caller, group, one) for one in params["SecurityGroupRules"]]
    if not changes:
        raise missing("SecurityGroupRule")
    _check(group, changes)
    for change in changes:
        new = _replace(caller, change)
        caller.names.move("sgr", change.old["id"], new["id"])
    return {"Return": True}


def _change(caller: Caller, group: Row, asked: Row) -> Change:
    ec2_id = asked["SecurityGroupRuleId"]
    thing = caller.names.find("sgr", ec2_id)
    old = next((rule for rule in group["security_group_rules"] if rule["id"] == thing), None)
    if old is None:
        raise Fault("InvalidSecurityGroupRuleId.NotFound", "The group has no such rule.")
    permission = _permission(asked.get("SecurityGroupRule") or {})
    known = group_rules.known_groups(caller, [permission])
    (new,) = permissions.wanted(permission, known)
    fixed = {"security_group_id": group["id"], "direction": old["direction"]}
    return Change(old, fixed | new)


def _permission(rule: Row) -> Row:
    """The rule in the words of IpPermissions. Raises Fault."""
    told = [name for name in SOURCES if rule.get(name)]
    if not told:
        raise missing("SecurityGroupRule.CidrIpv4")
    if len(told) > 1:
        raise Fault("InvalidParameterCombination", "A rule has one source or target.")
    about = {"Description": rule.get("Description")}
    permission = {name: rule.get(name) for name in ("IpProtocol", "FromPort", "ToPort")}
    sources = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    if told[0] not in sources:
        raise Fault("UnsupportedOperation", "There are no prefix lists here.")
    plural, field = sources[told[0]]
    return {**permission, plural: [{field: rule[told[0]], **about}]}


def _check(group: Row, changes: list[Change]) -> None:
    """Raises Fault when two rules would be the same, or one is changed twice."""
    doomed = {change.old["id"] for change in changes}
    if len(doomed) < len(changes):
        raise Fault("InvalidParameterValue", "A rule is named twice.")
    keys = {
        (rule["direction"], permissions.key(rule))
        for rule in group["security_group_rules"]
        if rule["id"] not in doomed
    }
    for change in changes:
        key = (change.new["direction"], permissions.key(change.new))
        if key in keys:
            raise group_rules.duplicate()
        keys.add(key)


def _replace(caller: Caller, change: Change) -> Row:
    """The new rule before the old one goes, where the network service takes both."""
    if not change.is_same:
        new = _make(caller, change.new)
        group_rules.remove(caller, change.old["id"])
        return new
    group_rules.remove(caller, change.old["id"])
    try:
        return _make(caller, change.new)
    except errors.ApplianceError:
        again = {name: change.old.get(name) for name in KEPT}
        caller.names.move("sgr", change.old["id"], _make(caller, again)["id"])
        raise


def _make(caller: Caller, rule: Row) -> Row:
    try:
        return caller.rows.create(caller.context, "security-group-rules", rule)
    except errors.ApplianceError as error:
        raise group_rules.explained(error) from error
