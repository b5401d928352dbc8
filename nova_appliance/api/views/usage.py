# SPDX-License-Identifier: Apache-2.0
"""Usage of a project and of its servers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from nova_appliance.actions import usage
from nova_appliance.actions.usage import Asked
from nova_appliance.domain.server import Server

TOTALS = {
    "total_memory_mb_usage": "memory_mb",
    "total_vcpus_usage": "vcpus",
    "total_local_gb_usage": "local_gb",
}
"""Field of a project > field of a server that is multiplied by its hours."""


def project(
    tenant_id: str, servers: Sequence[Server], asked: Asked, *, detailed: bool
) -> dict[str, Any]:
    """Totals, and the servers themselves if asked for."""
    rows = [server(one, asked) for one in servers]
    view: dict[str, Any] = {
        total: sum(row[field] * row["hours"] for row in rows) for total, field in TOTALS.items()
    }
    view |= {
        "total_hours": sum(row["hours"] for row in rows),
        "tenant_id": tenant_id,
        "start": _text(asked.begin),
        "stop": _text(asked.end),
    }
    return view | ({"server_usages": rows} if detailed else {})


def server(one: Server, asked: Asked) -> dict[str, Any]:
    """One server."""
    flavor, started = one.flavor, one.launched_at or asked.end
    up = (one.terminated_at or asked.end) - started
    return {
        "instance_id": one.id,
        "name": one.name,
        "hours": usage.hours(one, asked),
        "flavor": flavor.name,
        "tenant_id": one.project_id,
        "memory_mb": flavor.memory_mib,
        "local_gb": flavor.root_gib + flavor.ephemeral_gib,
        "vcpus": flavor.vcpus,
        "started_at": _text(one.launched_at),
        "ended_at": _text(one.terminated_at),
        "state": "terminated" if one.terminated_at else one.state,
        "uptime": int(up.total_seconds()),
    }


def _text(time: dt.datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f") if time else None
