# SPDX-License-Identifier: Apache-2.0
"""AllHostsFilter: refuses nobody."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene


def reason(_scene: Scene, _host: Candidate) -> str | None:
    """Refuse no host."""
    return None
