# SPDX-License-Identifier: Apache-2.0
"""AggregateInstanceExtraSpecsFilter: extra specs must match the metadata of aggregates."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.compare import matches
from nova_appliance.scheduler.scene import Scene

SCOPE = "aggregate_instance_extra_specs"


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose aggregates do not say what an extra spec (no scope, or ours) asks."""
    for key, wanted in scene.specs.items():
        scope, _, name = key.rpartition(":")
        if scope not in ("", SCOPE):
            continue
        if not any(matches(v, wanted) for v in scene.metadata(host).get(name, ())):
            return f"its aggregates do not say {name} {wanted}"
    return None
