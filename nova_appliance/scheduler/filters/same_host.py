# SPDX-License-Identifier: Apache-2.0
"""SameHostFilter: hint `same_host` names servers to join."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.hints import words
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that have none of the servers."""
    named = words(scene.hints, "same_host")
    return None if not named or scene.holds_any(host, named) else "has none of the servers to join"
