# SPDX-License-Identifier: Apache-2.0
"""AggregateMultiTenancyIsolation: aggregates may be for some projects only."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene

KEY = "filter_tenant_id"


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose aggregates list other projects under filter_tenant_id*."""
    lists = [v for key, v in scene.metadata(host).items() if key.startswith(KEY)]
    mine = not lists or any(scene.order.project_id in projects for projects in lists)
    return None if mine else "is for other projects"
