# SPDX-License-Identifier: Apache-2.0
"""CreatePlacementGroup, DescribePlacementGroups, DeletePlacementGroup: server groups."""

from __future__ import annotations

import re
from typing import Any

from nova_appliance.actions import server_groups as actions
from nova_appliance.common import ids
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.ec2 import listing, placement_groups, tagging
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

Row = dict[str, Any]
LISTING = Listing(
    "PlacementGroups", "GroupId", "pg", "GroupIds", {
        "group-id": "GroupId",
        "group-name": "GroupName",
        "state": "State",
        "strategy": "Strategy",
        "tag-value": "Tags.Value",
    },
)  # fmt: skip
POLICIES = {"cluster": "affinity", "spread": "anti-affinity"}
STRATEGIES = {
    "affinity": "cluster",
    "anti-affinity": "spread",
    "soft-affinity": "cluster",
    "soft-anti-affinity": "spread",
}
_NAME = re.compile(r"[\x20-\x7e]{1,255}")


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreatePlacementGroup: cluster is one host, spread a host for each."""
    name, policy = _name(params), _policy(params)
    new = tagging.specified(params, "placement-group")
    if placement_groups.named(caller, name):
        raise _duplicate(name)
    wanted = ServerGroup(
        id=ids.new_id(),
        project_id=caller.project_id,
        user_id=caller.user_id,
        name=name,
        policy=policy,
    )
    with coded(OverQuota="PlacementGroupLimitExceeded"):
        group = actions.create(caller.cloud, caller.context, wanted)
    if placement_groups.named(caller, name)[0].id != group.id:  # another call was faster
        actions.delete(caller.cloud, group.id)
        raise _duplicate(name)
    tagging.keep(caller, caller.names.one("pg", group.id), new)
    return {"PlacementGroup": _show(caller, [group], new)[0]}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribePlacementGroups: server groups made by the Compute API too."""
    every = placement_groups.every(caller)
    asked = params.get("GroupNames") or ()
    for name in asked:
        if name not in {group.name for group in every}:
            raise placement_groups.unknown(name)
    items = _show(caller, [group for group in every if not asked or group.name in asked])
    return listing.show(LISTING, params, items)


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeletePlacementGroup: one without instances."""
    group = placement_groups.find(caller, {"GroupName": params["GroupName"]})
    if group.members:
        raise Fault("InvalidPlacementGroup.InUse", "The placement group has instances.")
    with coded(NotFound="InvalidPlacementGroup.Unknown"):
        actions.delete(caller.cloud, group.id)
    tagging.forget(caller, caller.names.one("pg", group.id))
    return {}


def _name(params: dict[str, Any]) -> str:
    name = params.get("GroupName") or ""
    if not name:
        raise missing("GroupName")
    if not _NAME.fullmatch(name):
        raise Fault(
            "InvalidParameterValue", "A group's name has 1 to 255 printable ASCII characters."
        )
    return str(name)


def _policy(params: dict[str, Any]) -> str:
    """The server group's policy of a strategy. Raises Fault."""
    strategy = params.get("Strategy") or "cluster"
    if strategy == "partition" or params.get("PartitionCount"):
        raise Fault("UnsupportedOperation", "Hosts are not put into partitions here.")
    if params.get("SpreadLevel") not in (None, "", "host"):
        raise Fault("UnsupportedOperation", "Instances are spread over hosts here.")
    if params.get("LinkedGroupId") or params.get("ParentGroupId"):
        raise Fault("UnsupportedOperation", "Placement groups stand by themselves here.")
    if strategy not in POLICIES:
        raise Fault("InvalidParameterValue", f"'{shown(strategy)}' is not a strategy.")
    return POLICIES[strategy]


def _duplicate(name: str) -> Fault:
    return Fault(
        "InvalidPlacementGroup.Duplicate", f"The placement group '{shown(name)}' already exists."
    )


def _show(
    caller: Caller, groups: list[ServerGroup], new: dict[str, str] | None = None
) -> list[Row]:
    ec2_ids = caller.names.give("pg", (group.id for group in groups))
    kept = tags(caller) if new is None else {}
    return [
        {
            "GroupName": group.name,
            "GroupId": ec2_ids[group.id],
            "State": "available",
            "Strategy": STRATEGIES[group.policy],
            "Tags": tag_set(kept.get(ec2_ids[group.id]), new),
        }
        | ({"SpreadLevel": "host"} if STRATEGIES[group.policy] == "spread" else {})
        for group in groups
    ]
