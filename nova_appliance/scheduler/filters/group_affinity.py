# SPDX-License-Identifier: Apache-2.0
"""ServerGroupAffinityFilter: members of an affinity group share a host."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse all hosts but the one that has the members."""
    if scene.group is None or scene.group.policy != "affinity" or not scene.members:
        return None
    return None if host.id in scene.members else "members of the server group are elsewhere"
