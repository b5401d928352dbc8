# SPDX-License-Identifier: Apache-2.0
"""ServerGroupAntiAffinityFilter: members of an anti-affinity group keep apart."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts with as many members as the group's rule max_server_per_host allows."""
    if scene.group is None or scene.group.policy != "anti-affinity":
        return None
    most = int(scene.group.rules.get("max_server_per_host", 1))
    return None if scene.members.get(host.id, 0) < most else "has a member of the server group"
