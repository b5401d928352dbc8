# SPDX-License-Identifier: Apache-2.0
"""Volumes as records: create, show, change, delete, and their metadata."""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.common import errors, ids
from nova_appliance.embedded.checks import boolean, text
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import assists, jobs, quotas, sources, views
from nova_appliance.embedded.volumes.service import (
    ZONE,
    Volumes,
    change,
    find,
    find_in,
    require_admin,
    require_member,
)
from nova_appliance.embedded.volumes.statuses import refuse_while_copied
from nova_appliance.embedded.web import read_json, read_object

REMOVABLE = ("available", "error", "error_deleting", "error_extending", "error_restoring")
_NAME = text(255)


def show(req: Any, volume_id: str) -> dict[str, Any]:
    """GET /volumes/{id}."""
    row = find(req, "volumes", volume_id)
    return {"volume": views.volumes(req, [row])[0]}


def create(req: Any) -> tuple[int, dict[str, Any]]:
    """POST /volumes: the row is there at once, its disk soon."""
    require_member(req.caller)
    asked, service = read_object(req, "volume"), req.service
    if req.caller.project_id is None:
        raise errors.Forbidden("A volume belongs to a project; the token has none.")
    named = names(asked)
    metadata = check_metadata(asked.get("metadata") or {})
    row = {
        "id": ids.new_id(),
        "project_id": req.caller.project_id,
        "user_id": req.caller.user_id,
        **named,
        "status": "creating",
        "availability_zone": _zone(asked.get("availability_zone")),
        "metadata": json.dumps(metadata),
        "created_at": service.now(),
        "updated_at": service.now(),
    }
    with service.store.write() as tx:
        row |= sources.read(service, tx, req.caller, asked)
        quotas.check_size(tx, row["project_id"], row["size"])
        quotas.check(tx, row["project_id"], volumes=1, gigabytes=row["size"])
        tx.insert("volumes", row)
    shown = show(req, row["id"])  # as it was taken in, however quickly it is made
    jobs.begin(service, "volumes", row["id"])
    return 202, shown


def update(req: Any, volume_id: str) -> dict[str, Any]:
    """PUT /volumes/{id}: name, description and metadata."""
    require_member(req.caller)
    asked = read_object(req, "volume")
    changes: dict[str, Any] = names(asked, only_given=True)
    if "metadata" in asked:
        changes["metadata"] = json.dumps(check_metadata(asked["metadata"]))
    find(req, "volumes", volume_id)
    with req.service.store.write() as tx:
        change(req.service, tx, "volumes", volume_id, **changes)
    return show(req, volume_id)


def delete(req: Any, volume_id: str) -> tuple[int, None]:
    """DELETE /volumes/{id}; `cascade` takes its snapshots along, `force` asks for no status."""
    require_member(req.caller)
    force = boolean(req.GET.get("force", "false"))
    if force:
        require_admin(req.caller)
    cascade = boolean(req.GET.get("cascade", "false"))
    remove(req, volume_id, force=force, cascade=cascade)
    return 202, None


def remove(req: Any, volume_id: str, *, force: bool, cascade: bool) -> None:
    """Begin to delete a volume. Raises Invalid when its status does not allow it."""
    service: Volumes = req.service
    with service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        if row["status"] == "deleting":
            return
        _check_removable(tx, row, force=force)
        snapshots = tx.all("SELECT id, status FROM snapshots WHERE volume_id = ?", volume_id)
        if snapshots and not cascade:
            raise errors.Invalid(
                f"Invalid volume: Volume {volume_id} still has {len(snapshots)} dependent "
                "snapshots."
            )
        for snapshot in snapshots:
            change(service, tx, "snapshots", snapshot["id"], status="deleting")
        change(service, tx, "volumes", volume_id, status="deleting")
    for snapshot in snapshots:
        jobs.begin(service, "snapshots", snapshot["id"])
    jobs.begin(service, "volumes", volume_id)


def _check_removable(tx: Transaction, row: Row, *, force: bool) -> None:
    assists.refuse(tx, row["id"])
    attached = tx.one("SELECT id FROM attachments WHERE volume_id = ?", row["id"])
    if attached or not (force or row["status"] in REMOVABLE):
        raise errors.Invalid(
            "Invalid volume: Volume status must be available or error or error_restoring or "
            "error_extending or error_managing and must not be migrating, attached, belong to a "
            "group, have snapshots, awaiting a transfer, or be disassociated from snapshots after "
            "volume transfer."
        )
    refuse_while_copied(tx, row["id"])


def metadata(req: Any, volume_id: str) -> dict[str, Any]:
    """GET /volumes/{id}/metadata."""
    return {"metadata": json.loads(find(req, "volumes", volume_id)["metadata"])}


def add_metadata(req: Any, volume_id: str) -> dict[str, Any]:
    """POST /volumes/{id}/metadata: these besides the others."""
    return _keep_metadata(req, volume_id, whole=False)


def set_metadata(req: Any, volume_id: str) -> dict[str, Any]:
    """PUT /volumes/{id}/metadata: these and no others."""
    return _keep_metadata(req, volume_id, whole=True)


def show_metadatum(req: Any, volume_id: str, key: str) -> dict[str, Any]:
    """GET /volumes/{id}/metadata/{key}."""
    found = metadata(req, volume_id)["metadata"]
    if key not in found:
        raise errors.NotFound(f"Volume {volume_id} has no metadata with key {key}.")
    return {"meta": {key: found[key]}}


def set_metadatum(req: Any, volume_id: str, key: str) -> dict[str, Any]:
    """PUT /volumes/{id}/metadata/{key}."""
    require_member(req.caller)
    asked = check_metadata(read_object(req, "meta"))
    if list(asked) != [key]:
        raise errors.Invalid("The body must hold the key of the URL, and only that.")
    _write_metadata(req, volume_id, lambda kept: kept | asked)
    return {"meta": asked}


def drop_metadatum(req: Any, volume_id: str, key: str) -> None:
    """DELETE /volumes/{id}/metadata/{key}."""
    require_member(req.caller)
    show_metadatum(req, volume_id, key)
    _write_metadata(req, volume_id, lambda kept: {k: v for k, v in kept.items() if k != key})


def _keep_metadata(req: Any, volume_id: str, *, whole: bool) -> dict[str, Any]:
    require_member(req.caller)
    asked = check_metadata(read_object(req, "metadata"))
    return {
        "metadata": _write_metadata(req, volume_id, lambda kept: ({} if whole else kept) | asked)
    }


def _write_metadata(req: Any, volume_id: str, deed: Any) -> dict[str, str]:
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        kept: dict[str, str] = deed(json.loads(row["metadata"]))
        change(req.service, tx, "volumes", volume_id, metadata=json.dumps(kept))
    return kept


def names(asked: dict[str, Any], *, only_given: bool = False) -> dict[str, Any]:
    """Name and description, under both of their names."""
    found = {}
    for column in ("name", "description"):
        for key in (column, f"display_{column}"):
            if key in asked:
                value = asked[key]
                found[column] = None if value is None else _NAME(value).strip()
                break
    return found if only_given else {"name": None, "description": None} | found


def check_metadata(asked: Any) -> dict[str, str]:
    """Keys and texts of at most 255 characters."""
    if not isinstance(asked, dict) or len(asked) > 128:
        raise errors.Invalid("Metadata must be an object of at most 128 texts.")
    for key, value in asked.items():
        if not key or not isinstance(value, str) or len(key) > 255 or len(value) > 255:
            raise errors.Invalid("Metadata keys and values must be texts of up to 255 characters.")
    return asked


def _zone(asked: Any) -> str:
    if asked not in (None, "", ZONE):
        raise errors.Invalid(f"Invalid input received: Availability zone '{asked}' is invalid.")
    return ZONE


def read_body(req: Any) -> dict[str, Any]:
    """A body that is an object; raises Invalid."""
    body = read_json(req)
    if not isinstance(body, dict):
        raise errors.Invalid("The body must be a JSON object.")
    return body
