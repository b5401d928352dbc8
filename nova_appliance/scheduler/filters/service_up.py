# SPDX-License-Identifier: Apache-2.0
"""ComputeFilter: the host's nova-compute must be there."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts whose service does not report itself."""
    return None if scene.is_up(host) else "service down"
