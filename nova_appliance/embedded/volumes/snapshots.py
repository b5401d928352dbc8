# SPDX-License-Identifier: Apache-2.0
"""Snapshots of volumes: whole copies of the disk at one moment."""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.common import errors, ids
from nova_appliance.embedded.checks import boolean, uuid
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import assists, jobs, quotas, views
from nova_appliance.embedded.volumes.resource import check_metadata, names, read_body
from nova_appliance.embedded.volumes.service import (
    Volumes,
    change,
    find,
    find_in,
    require_admin,
    require_member,
)
from nova_appliance.embedded.web import read_object

STATUSES = ("available", "error", "creating", "deleting", "error_deleting")


def show(req: Any, snapshot_id: str) -> dict[str, Any]:
    """GET /snapshots/{id}."""
    return {"snapshot": views.snapshot(req, find(req, "snapshots", snapshot_id))}


def create(req: Any) -> tuple[int, dict[str, Any]]:
    """POST /snapshots."""
    require_member(req.caller)
    asked, service = read_object(req, "snapshot"), req.service
    metadata = check_metadata(asked.get("metadata") or {})
    force = boolean(asked.get("force") or False)
    volume_id = uuid(asked.get("volume_id"))
    with service.store.write() as tx:
        volume = find_in(tx, req.caller, "volumes", volume_id)
        assisted = _check_volume(service, tx, volume, force=force or req.version >= (3, 66))
        row = {
            "id": ids.new_id(),
            "volume_id": volume["id"],
            "project_id": volume["project_id"],
            "user_id": req.caller.user_id,
            **names(asked),
            "size": volume["size"],
            "status": "creating",
            "metadata": json.dumps(metadata),
            "created_at": service.now(),
            "updated_at": service.now(),
        }
        quotas.check(tx, row["project_id"], snapshots=1, gigabytes=row["size"])
        tx.insert("snapshots", row)
        if assisted:
            assists.add(tx, volume["id"], row["id"])
    shown = show(req, row["id"])  # as it was taken in, however quickly it is made
    if assisted:
        assists.begin(service, volume["id"])
    else:
        jobs.begin(service, "snapshots", row["id"])
    return 202, shown


def _check_volume(service: Volumes, tx: Transaction, volume: Row, *, force: bool) -> bool:
    """Raise Invalid unless it can be copied; whether a running guest writes to it meanwhile."""
    assists.refuse(tx, volume["id"])
    if volume["status"] == "in-use" and force:
        if not assists.needed(service, volume):
            return False
        assists.check_possible(service, tx, volume)
        return True
    if volume["status"] != "available":
        raise errors.Invalid(
            f"Invalid volume: Volume {volume['id']} status must be available, but current status "
            f"is: {volume['status']}."
        )
    return False


def update(req: Any, snapshot_id: str) -> dict[str, Any]:
    """PUT /snapshots/{id}: name and description."""
    require_member(req.caller)
    changes = names(read_object(req, "snapshot"), only_given=True)
    find(req, "snapshots", snapshot_id)
    with req.service.store.write() as tx:
        change(req.service, tx, "snapshots", snapshot_id, **changes)
    return show(req, snapshot_id)


def delete(req: Any, snapshot_id: str) -> tuple[int, None]:
    """DELETE /snapshots/{id}."""
    require_member(req.caller)
    _remove(req, snapshot_id, force=False)
    return 202, None


def _remove(req: Any, snapshot_id: str, *, force: bool) -> None:
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "snapshots", snapshot_id)
        if row["status"] == "deleting":
            return
        _check_removable(tx, row, force=force)
        change(req.service, tx, "snapshots", snapshot_id, status="deleting")
    jobs.begin(req.service, "snapshots", snapshot_id)


def _check_removable(tx: Transaction, row: Row, *, force: bool) -> None:
    if not force and row["status"] not in {"available", "error", "error_deleting"}:
        raise errors.Invalid(
            "Invalid snapshot: Snapshot status must be available or error, but it is "
            f"{row['status']}."
        )
    copied = "SELECT id FROM volumes WHERE snapshot_id = ? AND status = 'creating'"
    if tx.one(copied, row["id"]):
        raise errors.Invalid(f"Invalid snapshot: a volume is being made of {row['id']}.")


def metadata(req: Any, snapshot_id: str) -> dict[str, Any]:
    """GET /snapshots/{id}/metadata."""
    return {"metadata": json.loads(find(req, "snapshots", snapshot_id)["metadata"])}


def add_metadata(req: Any, snapshot_id: str) -> dict[str, Any]:
    """POST /snapshots/{id}/metadata: these besides the others."""
    return {"metadata": _write_metadata(req, snapshot_id, whole=False)}


def set_metadata(req: Any, snapshot_id: str) -> dict[str, Any]:
    """PUT /snapshots/{id}/metadata: these and no others."""
    return {"metadata": _write_metadata(req, snapshot_id, whole=True)}


def drop_metadatum(req: Any, snapshot_id: str, key: str) -> None:
    """DELETE /snapshots/{id}/metadata/{key}."""
    require_member(req.caller)
    with req.service.store.write() as tx:
        kept = json.loads(find_in(tx, req.caller, "snapshots", snapshot_id)["metadata"])
        if kept.pop(key, None) is None:
            raise errors.NotFound(f"Snapshot {snapshot_id} has no metadata with key {key}.")
        change(req.service, tx, "snapshots", snapshot_id, metadata=json.dumps(kept))


def _write_metadata(req: Any, snapshot_id: str, *, whole: bool) -> dict[str, str]:
    require_member(req.caller)
    asked = check_metadata(read_object(req, "metadata"))
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "snapshots", snapshot_id)
        kept: dict[str, str] = ({} if whole else json.loads(row["metadata"])) | asked
        change(req.service, tx, "snapshots", snapshot_id, metadata=json.dumps(kept))
    return kept


def act(req: Any, snapshot_id: str) -> tuple[int, None]:
    """POST /snapshots/{id}/action: os-reset_status, os-update_snapshot_status, os-force_delete."""
    require_admin(req.caller)
    body = read_body(req)
    if "os-force_delete" in body:
        _remove(req, snapshot_id, force=True)
        return 202, None
    asked = body.get("os-reset_status", body.get("os-update_snapshot_status"))
    status = asked.get("status") if isinstance(asked, dict) else None
    if status not in STATUSES:
        raise errors.Invalid(f"There is no such action, or the status is none of {STATUSES}.")
    with req.service.store.write() as tx:
        find_in(tx, req.caller, "snapshots", snapshot_id)
        if "os-update_snapshot_status" not in body or not assists.hear(tx, snapshot_id, status):
            change(req.service, tx, "snapshots", snapshot_id, status=status)
    return 202, None
