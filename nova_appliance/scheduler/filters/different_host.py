# SPDX-License-Identifier: Apache-2.0
"""DifferentHostFilter: hint `different_host` names servers to keep away from."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.hints import words
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that have one of the servers."""
    named = words(scene.hints, "different_host")
    return "has a server to keep away from" if named and scene.holds_any(host, named) else None
