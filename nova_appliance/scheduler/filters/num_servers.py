# SPDX-License-Identifier: Apache-2.0
"""NumInstancesFilter: not too many servers are on the host."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts with [filter_scheduler]max_instances_per_host servers."""
    return None if host.servers < scene.options.max_instances_per_host else "has too many servers"
