# SPDX-License-Identifier: Apache-2.0
"""IoOpsFilter: not too many servers are being built on the host."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that build [filter_scheduler]max_io_ops_per_host servers."""
    return None if host.building < scene.options.max_io_ops_per_host else "builds too many servers"
