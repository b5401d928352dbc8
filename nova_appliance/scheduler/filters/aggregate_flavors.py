# SPDX-License-Identifier: Apache-2.0
"""AggregateTypeAffinityFilter: aggregates may be for some flavors only."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose aggregates list other flavors under instance_type."""
    names = scene.metadata(host).get("instance_type")
    return None if not names or scene.order.flavor.name in names else "is for other flavors"
