# SPDX-License-Identifier: Apache-2.0
"""AggregateNumInstancesFilter, AggregateIoOpsFilter: limits that aggregates set."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def servers_reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts with max_instances_per_host servers."""
    most = _limit(scene, host, "max_instances_per_host")
    return None if host.servers < most else "has too many servers"


def building_reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that build max_io_ops_per_host servers."""
    most = _limit(scene, host, "max_io_ops_per_host")
    return None if host.building < most else "builds too many servers"


def _limit(scene: Scene, host: Candidate, name: str) -> int:
    """The least that an aggregate of the host says, or the option of the same name."""
    said = scene.metadata(host).get(name, ())
    numbers = [int(text) for text in said if text.isdigit()]
    return min(numbers) if numbers else int(getattr(scene.options, name))
