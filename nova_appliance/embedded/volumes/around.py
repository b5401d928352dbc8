# SPDX-License-Identifier: Apache-2.0
"""What clients ask beside volumes: zones, services, pools, extensions."""

from __future__ import annotations

from typing import Any

from nova_appliance.embedded.volumes.service import ZONE, require_admin
from nova_appliance.embedded.volumes.views import HOST


def zones(_req: Any) -> dict[str, Any]:
    """GET /os-availability-zone."""
    return {"availabilityZoneInfo": [{"zoneName": ZONE, "zoneState": {"available": True}}]}


def services(req: Any) -> dict[str, Any]:
    """GET /os-services: there is one, and it answers."""
    require_admin(req.caller)
    rows = [
        {
            "binary": binary,
            "host": HOST.partition("#")[0],
            "zone": ZONE,
            "status": "enabled",
            "state": "up",
            "updated_at": req.service.now(),
            "disabled_reason": None,
        }
        for binary in ("cinder-scheduler", "cinder-volume")
    ]
    return {"services": rows}


def pools(req: Any) -> dict[str, Any]:
    """GET /scheduler-stats/get_pools."""
    require_admin(req.caller)
    about = {"volume_backend_name": "files", "driver_version": "1", "storage_protocol": "file"}
    pool = {"name": HOST, "capabilities": about} if _wants_detail(req) else {"name": HOST}
    return {"pools": [pool]}


def _wants_detail(req: Any) -> bool:
    return req.GET.get("detail", "").lower() in {"true", "1"}


def extensions(_req: Any) -> dict[str, Any]:
    """GET /extensions: none beside what is served anyway."""
    return {"extensions": []}


def filters(req: Any) -> dict[str, Any]:
    """GET /resource_filters."""
    rows = {
        "volume": ["name", "status", "metadata", "bootable", "availability_zone", "volume_type"],
        "snapshot": ["name", "status", "volume_id", "metadata"],
        "attachment": ["volume_id", "instance_id", "status"],
    }
    wanted = req.GET.get("resource")
    return {
        "resource_filters": [
            {"resource": noun, "filters": names}
            for noun, names in rows.items()
            if wanted in (None, noun)
        ]
    }
