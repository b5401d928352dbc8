# SPDX-License-Identifier: Apache-2.0
"""ComputeCapabilitiesFilter: extra specs `capabilities:NAME` must be met by the host."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.compare import matches
from nova_appliance.scheduler.facts import facts_of
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that lack what an extra spec asks; specs without scope are capabilities too."""
    for key, wanted in scene.specs.items():
        *scope, _ = key.split(":")
        if scope and scope[0] != "capabilities":
            continue
        path = key.removeprefix("capabilities:").split(":")
        if not matches(_value(facts_of(scene, host), path), wanted):
            return f"{key} is not {wanted}"
    return None


def _value(found: Any, path: list[str]) -> object:
    for name in path:
        if isinstance(found, str) and found.startswith("{"):
            found = msgspec.json.decode(found)
        if not isinstance(found, dict) or name not in found:
            return None
        found = found[name]
    return found
