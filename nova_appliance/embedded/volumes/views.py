# SPDX-License-Identifier: Apache-2.0
"""Volumes, snapshots and attachments as clients see them; version differences stand here."""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.embedded.store import Row, marks
from nova_appliance.embedded.volumes import types
from nova_appliance.embedded.volumes.service import Volumes

HOST = "appliance@files#files"
SERVICE_ID = "7d0c6c2e-8c7e-4f1d-9d0a-6f5b9f0c4b11"


def volumes(req: Any, rows: list[Row]) -> list[dict[str, Any]]:
    """Whole volumes, their attachments read in one query."""
    found = attached(req.service, [row["id"] for row in rows])
    return [volume(req, row, found.get(row["id"], [])) for row in rows]


def attached(service: Volumes, volume_ids: list[str]) -> dict[str, list[Row]]:
    """Volume > its attachments that are complete."""
    where = f"status = 'attached' AND volume_id IN ({marks(volume_ids)})"
    sql = f"SELECT * FROM attachments WHERE {where} ORDER BY attached_at"  # noqa: S608 - marks only
    found: dict[str, list[Row]] = {}
    for row in service.store.all(sql, *volume_ids) if volume_ids else ():
        found.setdefault(row["volume_id"], []).append(row)
    return found


def volume(req: Any, row: Row, attachments: list[Row]) -> dict[str, Any]:
    """One volume."""
    kind = types.named(row["volume_type"])
    seen = {
        "id": row["id"],
        "status": row["status"],
        "size": row["size"],
        "availability_zone": row["availability_zone"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "name": row["name"],
        "description": row["description"],
        "volume_type": kind["name"],
        "snapshot_id": row["snapshot_id"],
        "source_volid": row["source_volid"],
        "metadata": json.loads(row["metadata"]),
        "links": _links(req, f"volumes/{row['id']}"),
        "user_id": row["user_id"],
        "bootable": "true" if row["bootable"] else "false",
        "encrypted": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": bool(row["multiattach"]),
        "attachments": [_short(one) for one in attachments],
        "os-vol-tenant-attr:tenant_id": row["project_id"],
        "migration_status": None,
    }
    if row["image_metadata"] != "{}":
        seen["volume_image_metadata"] = json.loads(row["image_metadata"])
    if req.caller.is_admin:
        seen |= {
            "os-vol-host-attr:host": HOST,
            "migration_status": row["migration_status"],
            "os-vol-mig-status-attr:migstat": row["migration_status"],
            "os-vol-mig-status-attr:name_id": row["name_id"],
        }
    return seen | _later(req.version, kind)


def _later(version: tuple[int, int], kind: dict[str, Any]) -> dict[str, Any]:
    """What microversions added to a volume."""
    rows = (
        ((3, 13), {"group_id": None}),
        ((3, 21), {"provider_id": None}),
        ((3, 48), {"service_uuid": SERVICE_ID, "shared_targets": False}),
        ((3, 61), {"cluster_name": None}),
        ((3, 63), {"volume_type_id": kind["id"]}),
        ((3, 65), {"consumes_quota": True}),
    )
    return {key: value for since, added in rows if version >= since for key, value in added.items()}


def _short(row: Row) -> dict[str, Any]:
    return {
        "id": row["volume_id"],
        "attachment_id": row["id"],
        "volume_id": row["volume_id"],
        "server_id": row["server_id"],
        "host_name": row["host"],
        "device": row["mountpoint"],
        "attached_at": row["attached_at"],
    }


def summary(req: Any, kind: str, row: Row) -> dict[str, Any]:
    """A volume in the list without details."""
    path = f"{kind}/{row['id']}"
    return {"id": row["id"], "name": row["name"], "links": _links(req, path)}


def snapshot(req: Any, row: Row) -> dict[str, Any]:
    """One snapshot."""
    seen = {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "volume_id": row["volume_id"],
        "status": row["status"],
        "size": row["size"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "metadata": json.loads(row["metadata"]),
        "os-extended-snapshot-attributes:project_id": row["project_id"],
        "os-extended-snapshot-attributes:progress": (
            "100%" if row["status"] == "available" else "0%"
        ),
    }
    if req.version >= (3, 14):
        seen["group_snapshot_id"] = None
    if req.version >= (3, 41):
        seen["user_id"] = row["user_id"]
    if req.version >= (3, 65):
        seen["consumes_quota"] = True
    return seen


def attachment(row: Row, connection: dict[str, Any]) -> dict[str, Any]:
    """One attachment; `connection` tells how to reach the disk, flat as Cinder does."""
    return attachment_summary(row) | {
        "attached_at": row["attached_at"] or "",
        "detached_at": "",
        "attach_mode": row["mode"] if row["status"] == "attached" else None,
        "connection_info": connection,
    }


def attachment_summary(row: Row) -> dict[str, Any]:
    """An attachment in a list."""
    return {
        "id": row["id"],
        "status": row["status"],
        "instance": row["server_id"],
        "volume_id": row["volume_id"],
    }


def _links(req: Any, path: str) -> list[dict[str, str]]:
    base, project = req.host_url, req.caller.project_id
    return [
        {"rel": "self", "href": f"{base}/v3/{project}/{path}"},
        {"rel": "bookmark", "href": f"{base}/{project}/{path}"},
    ]
