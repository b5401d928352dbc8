# SPDX-License-Identifier: Apache-2.0
"""POST /volumes/{id}/action: one deed on one volume, by the key of the body."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from nova_appliance.common import errors, ids
from nova_appliance.embedded.checks import boolean, integer, one_of, uuid
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.volumes import (
    assists,
    jobs,
    moves,
    quotas,
    resource,
    retypes,
    sources,
    statuses,
    types,
)
from nova_appliance.embedded.volumes.resource import read_body
from nova_appliance.embedded.volumes.service import (
    change,
    find,
    find_in,
    require_admin,
    require_member,
)

STATUSES = (
    "creating", "available", "deleting", "error", "error_deleting", "error_managing", "managing",
    "attaching", "detaching", "in-use", "maintenance", "reserved",
)  # fmt: skip
DISK_FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vpc")
REIMAGE = (3, 68)
_SIZE = integer(1, 2**31 - 1)
Deed = Callable[[Any, str, dict[str, Any]], Any]


def act(req: Any, volume_id: str) -> Any:
    """Do what the body's only key says."""
    require_member(req.caller)
    body = read_body(req)
    if len(body) != 1 or next(iter(body)) not in DEEDS:
        raise errors.Invalid(f"The body must have one key, of: {', '.join(DEEDS)}.")
    ((key, asked),) = body.items()
    if not isinstance(asked, dict | None):
        raise errors.Invalid(f"{key} must be an object.")
    return DEEDS[key](req, volume_id, asked or {})


def _extend(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    size = _SIZE(asked.get("new_size"))
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        allowed = ("available", "in-use") if req.version >= (3, 42) else ("available",)
        statuses.need(row, "extend", *allowed)
        assists.refuse(tx, volume_id)
        if row["status"] == "in-use" and types.format_of(row["volume_type"]) != types.RAW:
            raise errors.Invalid(
                f"Invalid volume: Volume {volume_id} is a qcow2 file that a server has, and only "
                "its QEMU could make that larger: detach it first."
            )
        if size <= row["size"]:
            raise errors.Invalid(
                "Invalid input received: New size for extend must be greater than current size. "
                f"(current: {row['size']}, extended: {size})."
            )
        quotas.check_size(tx, row["project_id"], size)
        quotas.check(tx, row["project_id"], gigabytes=size - row["size"])
        change(req.service, tx, "volumes", volume_id, status="extending", new_size=size)
    jobs.begin(req.service, "volumes", volume_id)
    return 202, None


def _set_bootable(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    bootable = boolean(asked.get("bootable"))
    return _write(req, volume_id, lambda _tx, _row: {"bootable": int(bootable)}, 204)


def _reset_status(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    require_admin(req.caller)
    if not asked.get("status"):
        raise errors.Invalid("Only a status can be reset here.")
    status = one_of(*STATUSES)(asked["status"])
    return _write(req, volume_id, lambda _tx, _row: {"status": status})


def _force_delete(req: Any, volume_id: str, _asked: dict[str, Any]) -> tuple[int, None]:
    require_admin(req.caller)
    resource.remove(req, volume_id, force=True, cascade=False)
    return 202, None


def _begin_detaching(req: Any, volume_id: str, _asked: dict[str, Any]) -> tuple[int, None]:
    def write(_tx: Transaction, row: Row) -> Row:
        statuses.need(row, "detach", "in-use")
        return {"status": "detaching"}

    return _write(req, volume_id, write)


def _roll_detaching(req: Any, volume_id: str, _asked: dict[str, Any]) -> tuple[int, None]:
    def write(_tx: Transaction, row: Row) -> Row:
        return {"status": "in-use"} if row["status"] == "detaching" else {}

    return _write(req, volume_id, write)


def _detach(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    """For administrators: forget an attachment, or all of them."""
    require_admin(req.caller)
    with req.service.store.write() as tx:
        find_in(tx, req.caller, "volumes", volume_id)
        chosen = asked.get("attachment_id")
        sql = "DELETE FROM attachments WHERE volume_id = ? AND ? IN (id, '')"
        tx.run(sql, volume_id, str(chosen or ""))
        statuses.settle(req.service, tx, volume_id)
    return 202, None


def _set_image_metadata(req: Any, volume_id: str, asked: dict[str, Any]) -> Any:
    given = resource.check_metadata(asked.get("metadata"))
    kept = json.loads(find(req, "volumes", volume_id)["image_metadata"]) | given
    _write(req, volume_id, lambda _tx, _row: {"image_metadata": json.dumps(kept)})
    return {"metadata": kept}


def _unset_image_metadata(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    kept = json.loads(find(req, "volumes", volume_id)["image_metadata"])
    if asked.get("key") not in kept:
        raise errors.NotFound(f"Volume {volume_id} has no image metadata of that key.")
    del kept[asked["key"]]
    return _write(req, volume_id, lambda _tx, _row: {"image_metadata": json.dumps(kept)}, 204)


def _show_image_metadata(req: Any, volume_id: str, _asked: dict[str, Any]) -> Any:
    return {"metadata": json.loads(find(req, "volumes", volume_id)["image_metadata"])}


def _upload_image(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A new image with the content of the volume; it is queued at once and filled soon."""
    name = asked.get("image_name")
    if not isinstance(name, str) or not 0 < len(name) <= 255:
        raise errors.Invalid("No image_name was specified in request.")
    disk_format = one_of(*DISK_FORMATS)(asked.get("disk_format") or "raw")
    one_of("bare")(asked.get("container_format") or "bare")
    visibility = one_of("private", "shared", "community", "public")(
        asked.get("visibility") or "shared"
    )
    if visibility == "public":
        require_admin(req.caller)
    image_id, service = ids.new_id(), req.service
    with service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        statuses.need(row, "upload to image", "available")
        assists.refuse(tx, volume_id)
        upload = json.dumps({"image_id": image_id, "status": row["status"]})
        change(service, tx, "volumes", volume_id, status="uploading", upload=upload)
        _queue_image(req, row, image_id, (name, disk_format.replace("vpc", "vhd"), visibility))
    jobs.begin(service, "volumes", volume_id)
    told = {
        "id": volume_id,
        "updated_at": service.now(),
        "status": "uploading",
        "display_description": row["description"],
        "size": row["size"],
        "volume_type": types.named(row["volume_type"]),
        "image_id": image_id,
        "container_format": "bare",
        "disk_format": disk_format,
        "image_name": name,
        "visibility": visibility,
        "protected": boolean(asked.get("protected") or False),
    }
    return 202, {"os-volume_upload_image": told}


def _reimage(req: Any, volume_id: str, asked: dict[str, Any]) -> tuple[int, None]:
    """Write an image over the volume; one that a server reserves only if that is said (3.68)."""
    if req.version < REIMAGE:
        raise errors.Invalid("There is no such action: os-reimage.")
    image_id = uuid(asked.get("image_id"))
    reserved = boolean(asked.get("reimage_reserved") or False)
    service = req.service
    with service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        statuses.need(row, "reimage", "available", "error", *(("reserved",) if reserved else ()))
        assists.refuse(tx, volume_id)
        image = sources.image(service, req.caller, image_id)
        if row["size"] < image["least"]:
            raise errors.Invalid(
                f"Invalid input received: Volume size {row['size']}GB cannot be smaller than the "
                f"image, which needs {image['least']}GB."
            )
        wanted = json.dumps({"image_id": image_id, "image": image["image_metadata"]})
        change(service, tx, "volumes", volume_id, status="downloading", upload=wanted)
    jobs.begin(service, "volumes", volume_id)
    return 202, None


def _queue_image(req: Any, row: Row, image_id: str, chosen: tuple[str, str, str]) -> None:
    """`chosen` is name, format and visibility; properties come from the volume's own image."""
    name, disk_format, visibility = chosen
    kept = json.loads(row["image_metadata"])
    moment = f"{req.service.now().partition('.')[0]}Z"
    properties = {key: value for key, value in kept.items() if key not in sources.NOT_PROPERTIES}
    image = {
        "id": image_id,
        "name": name,
        "status": "queued",
        "visibility": visibility,
        "owner": row["project_id"],
        "protected": 0,
        "os_hidden": 0,
        "disk_format": disk_format,
        "container_format": "bare",
        "min_disk": row["size"],
        "min_ram": int(kept.get("min_ram") or 0),
        "tags": "[]",
        "properties": json.dumps(properties),
        "created_at": moment,
        "updated_at": moment,
    }
    with req.service.images.store.write() as tx:
        tx.insert("images", image)


def _write(
    req: Any, volume_id: str, deed: Callable[[Transaction, Row], Row], status: int = 202
) -> tuple[int, None]:
    with req.service.store.write() as tx:
        row = find_in(tx, req.caller, "volumes", volume_id)
        change(req.service, tx, "volumes", volume_id, **deed(tx, row))
    return status, None


DEEDS: dict[str, Deed] = {
    "os-extend": _extend,
    "os-set_bootable": _set_bootable,
    "os-reset_status": _reset_status,
    "os-force_delete": _force_delete,
    "os-begin_detaching": _begin_detaching,
    "os-roll_detaching": _roll_detaching,
    "os-detach": _detach,
    "os-force_detach": _detach,
    "os-set_image_metadata": _set_image_metadata,
    "os-unset_image_metadata": _unset_image_metadata,
    "os-show_image_metadata": _show_image_metadata,
    "os-retype": retypes.retype,
    "os-migrate_volume_completion": moves.complete,
    "os-volume_upload_image": _upload_image,
    "os-reimage": _reimage,
}
