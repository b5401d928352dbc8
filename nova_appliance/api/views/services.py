# SPDX-License-Identifier: Apache-2.0
"""Services as the Compute API shows them."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.services import COMPUTE, Daemon, Survey
from nova_appliance.api.versioned import Version, Versioned, add, parse
from nova_appliance.api.views.table import fields, render, stamp

LOST_CELLS = parse("2.69")
"""From here on hosts of cells that do not answer are shown as UNKNOWN, before they are not."""


def status(daemon: Daemon) -> str:
    """What the administrator has set."""
    return "disabled" if daemon.service.disabled else "enabled"


VIEW = Versioned(
    fields(
        id=lambda daemon: daemon.service.row,
        binary=lambda daemon: daemon.service.binary,
        host=lambda daemon: daemon.service.host,
        zone=lambda daemon: daemon.zone,
        status=status,
        state=lambda daemon: "up" if daemon.is_up else "down",
        updated_at=lambda daemon: stamp(daemon.service.last_seen_at),
        disabled_reason=lambda daemon: daemon.service.disabled_reason,
    ),
    v2_11=add(forced_down=lambda daemon: daemon.service.forced_down),
    v2_53=add(id=lambda daemon: daemon.service.id),
)


def show(version: Version, daemon: Daemon) -> dict[str, Any]:
    """All of a service."""
    return render(VIEW, version, daemon)


def index(version: Version, survey: Survey) -> dict[str, Any]:
    """All services; of lost cells what nova_api knows."""
    views = [show(version, daemon) for daemon in survey.daemons]
    if version >= LOST_CELLS:
        views += [
            {"binary": COMPUTE, "host": host, "status": "UNKNOWN"} for host in survey.lost_hosts
        ]
    return {"services": views}
