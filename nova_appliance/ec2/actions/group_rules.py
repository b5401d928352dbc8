# SPDX-License-Identifier: Apache-2.0
"""AuthorizeSecurityGroup..., RevokeSecurityGroup...: rules of groups, in the flat form too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.clients.session import error_type
from nova_appliance.common import errors
from nova_appliance.ec2 import permissions, tagging
from nova_appliance.ec2.actions import security_groups as groups
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import missing, shown

Row = dict[str, Any]
FLAT = ("IpProtocol", "FromPort", "ToPort")


def allow_in(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AuthorizeSecurityGroupIngress."""
    return _allow(caller, params, "ingress")


def allow_out(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AuthorizeSecurityGroupEgress."""
    return _allow(caller, params, "egress")


def revoke_in(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """RevokeSecurityGroupIngress."""
    return _revoke(caller, params, "ingress")


def revoke_out(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """RevokeSecurityGroupEgress."""
    return _revoke(caller, params, "egress")


def _allow(caller: Caller, params: dict[str, Any], direction: str) -> dict[str, Any]:
    group = groups.find(caller, params)
    wanted = _wanted(caller, params)
    new = tagging.specified(params, "security-group-rule")
    _check_new(group, wanted, direction)
    made: list[Row] = []
    base = {"security_group_id": group["id"], "direction": direction}
    try:
        made.extend(  # one by one, so that those made are known when the next one fails
            caller.rows.create(caller.context, "security-group-rules", base | rule)
            for rule in wanted
        )
    except errors.ApplianceError as error:
        take_back(caller, made)
        raise explained(error) from error
    shown_rules = groups.show_rules(caller, made)
    for rule in shown_rules:
        tagging.keep(caller, rule["SecurityGroupRuleId"], new)
    return {"Return": True, "SecurityGroupRules": shown_rules}


def take_back(caller: Caller, made: list[Row]) -> None:
    """Have these rules no more."""
    for rule in made:
        remove(caller, rule["id"])


def remove(caller: Caller, rule_id: str) -> None:
    """Have a rule no more; it may be gone."""
    try:
        caller.rows.remove(caller.context, "security-group-rules", rule_id)
    except errors.NotFound:
        return


def explained(error: errors.ApplianceError) -> errors.ApplianceError:
    """EC2's error for what the network service refuses of a rule."""
    if isinstance(error, errors.OverQuota):
        return Fault("RulesPerSecurityGroupLimitExceeded", error.message)
    if isinstance(error, errors.Conflict) and "Rule" in (error_type(error) or "Rule"):
        return duplicate()
    return error


def _check_new(group: Row, wanted: list[Row], direction: str) -> None:
    known = {permissions.key(rule) for rule in _rules(group, direction)}
    keys = [permissions.key(rule) for rule in wanted]
    if len(set(keys)) < len(keys):
        raise Fault("InvalidParameterValue", "The same permission is given twice.")
    if known & set(keys):
        raise duplicate()


def _revoke(caller: Caller, params: dict[str, Any], direction: str) -> dict[str, Any]:
    group = groups.find(caller, params)
    known = {permissions.key(rule): rule["id"] for rule in _rules(group, direction)}
    if params.get("SecurityGroupRuleIds"):
        named = caller.names.find_all("sgr", params["SecurityGroupRuleIds"])
        doomed = list(named.values())
        if set(doomed) - set(known.values()):
            raise Fault("InvalidSecurityGroupRuleId.NotFound", "The group has no such rule.")
    else:
        keys = [permissions.key(rule) for rule in _wanted(caller, params)]
        if any(key not in known for key in keys):
            raise Fault(
                "InvalidPermission.NotFound",
                "The specified rule does not exist in this security group.",
            )
        doomed = [known[key] for key in keys]
    for rule_id in dict.fromkeys(doomed):
        remove(caller, rule_id)
    return {"Return": True}


def _rules(group: Row, direction: str) -> list[Row]:
    return [rule for rule in group["security_group_rules"] if rule["direction"] == direction]


def _wanted(caller: Caller, params: Mapping[str, Any]) -> list[Row]:
    """Neutron's rules of all permissions. Raises Fault."""
    asked = list(params.get("IpPermissions") or ())
    flat = _flat(params)
    if flat and asked:
        raise Fault(
            "InvalidParameterCombination", "Give IpPermissions, or one permission in parts."
        )
    asked += [flat] if flat else []
    if not asked:
        raise missing("IpPermissions")
    known = known_groups(caller, asked)
    found = [rule for one in asked for rule in permissions.wanted(one, known)]
    if not found:
        raise missing("CidrIp")
    return found


def _flat(params: Mapping[str, Any]) -> Row | None:
    """One permission given in parts, as old clients do."""
    source = params.get("SourceSecurityGroupName")
    if not (params.get("IpProtocol") or params.get("CidrIp") or source):
        return None
    flat: Row = {name: params.get(name) for name in FLAT}
    if source and not flat["IpProtocol"]:
        flat["IpProtocol"] = "-1"  # the oldest form: all from that group
    if params.get("CidrIp"):
        kind = "Ipv6" if ":" in params["CidrIp"] else "Ip"
        field = "CidrIpv6" if kind == "Ipv6" else "CidrIp"
        flat[f"{kind}Ranges"] = [{field: params["CidrIp"]}]
    if source:
        flat["UserIdGroupPairs"] = [{"GroupName": source}]
    return flat


def known_groups(caller: Caller, asked: list[Row]) -> dict[str, str]:
    """What pairs name (id or name) > Neutron's id. Raises Fault."""
    pairs = [pair for one in asked for pair in one.get("UserIdGroupPairs") or ()]
    if not pairs:
        return {}
    every = groups.rows(caller)
    known = {row["name"]: row["id"] for row in every}
    ec2_ids = caller.names.give("sg", (row["id"] for row in every))
    known |= {ec2_id: thing for thing, ec2_id in ec2_ids.items()}
    for pair in pairs:
        named = str(pair.get("GroupId") or pair.get("GroupName"))
        if named not in known:
            raise Fault(
                "InvalidGroup.NotFound", f"The security group '{shown(named)}' does not exist"
            )
    return known


def duplicate() -> Fault:
    """The error for a rule that is there."""
    return Fault("InvalidPermission.Duplicate", "The specified rule already exists")
