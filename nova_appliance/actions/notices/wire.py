# SPDX-License-Identifier: Apache-2.0
"""How versioned notices look: an object with its name and version (wire source: Nova's reference
on notifications, oslo.versionedobjects).
"""

from __future__ import annotations

import datetime as dt
from typing import Any


def wrap(name: str, version: str, facts: dict[str, Any]) -> dict[str, Any]:
    """One object."""
    return {
        "nova_object.namespace": "nova",
        "nova_object.name": name,
        "nova_object.version": version,
        "nova_object.data": facts,
    }


def moment(at: dt.datetime | None) -> str | None:
    """A time in UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
