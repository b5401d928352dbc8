# SPDX-License-Identifier: Apache-2.0
"""Server groups as EC2's users name them: by a name that is one group's in a project, or by id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.actions import server_groups as actions
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.ec2 import names
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

MOST = 10_000


def every(caller: Caller) -> tuple[ServerGroup, ...]:
    """The groups of the project, oldest first."""
    return actions.page(caller.cloud, caller.project_id, 0, MOST)


def named(caller: Caller, name: str) -> list[ServerGroup]:
    """Those of that name: the Compute API lets several have one."""
    return [group for group in every(caller) if group.name == name]


def find(caller: Caller, placement: Mapping[str, Any]) -> ServerGroup:
    """The group of GroupId or GroupName; of several with a name, the oldest. Raises Fault."""
    ec2_id, name = placement.get("GroupId"), placement.get("GroupName")
    if ec2_id:
        thing = caller.names.find("pg", ec2_id)
        found = [group for group in every(caller) if group.id == thing]
        if not found:
            raise names.missing("pg", (ec2_id,))
        return found[0]
    found = named(caller, str(name))
    if not found:
        raise unknown(str(name))
    return found[0]


def unknown(name: str) -> Fault:
    """The error for a name that no group has."""
    return Fault(
        "InvalidPlacementGroup.Unknown", f"The placement group '{shown(name)}' is unknown."
    )
