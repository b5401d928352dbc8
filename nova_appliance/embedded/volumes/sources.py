# SPDX-License-Identifier: Apache-2.0
"""What a new volume begins as: nothing, an image, a snapshot or another volume."""

from __future__ import annotations

import json
from typing import Any

from nova_appliance.common import errors
from nova_appliance.embedded.checks import boolean, integer, uuid
from nova_appliance.embedded.images import service as images
from nova_appliance.embedded.store import Row, Transaction
from nova_appliance.embedded.tokens import Caller
from nova_appliance.embedded.volumes import assists, types
from nova_appliance.embedded.volumes.files import GIB
from nova_appliance.embedded.volumes.service import Volumes, find_in

FORMATS = ("raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso")
KEYS = ("imageRef", "snapshot_id", "source_volid")
NOT_PROPERTIES = (
    "image_id", "image_name", "container_format", "disk_format", "checksum", "min_disk", "min_ram",
    "size",
)  # fmt: skip
"""Of what a volume remembers of its image, what is no property of that image."""
_SIZE = integer(1, 2**31 - 1)


def read(volumes: Volumes, tx: Transaction, caller: Caller, asked: dict[str, Any]) -> Row:
    """The columns that follow from the source; raises Invalid, NotFound."""
    given = [key for key in KEYS if asked.get(key)]
    if len(given) > 1:
        raise errors.Invalid(f"Only one of {', '.join(KEYS)} can be given, not {', '.join(given)}.")
    asked_size = _SIZE(asked["size"]) if asked.get("size") is not None else None
    row: Row = {
        "size": asked_size,
        "bootable": 0,
        "image_metadata": "{}",
        "image_id": None,
        "snapshot_id": None,
        "source_volid": None,
        "multiattach": 0,
        "volume_type": asked.get("volume_type"),
    }
    if given:
        row |= _SOURCES[given[0]](volumes, tx, caller, uuid(asked[given[0]]))
    row["size"] = _size(asked_size, row)
    return row | _type(asked, row)


def _size(asked: int | None, row: Row) -> int:
    least = row.pop("least", None)
    if asked is None and (least is None or row["image_id"]):
        raise errors.Invalid("Invalid input received: a volume needs a size of 1 GiB or more.")
    if asked is not None and least is not None and asked < least:
        raise errors.Invalid(
            f"Invalid input received: Volume size {asked}GB cannot be smaller than the source, "
            f"which needs {least}GB."
        )
    return int(asked or least or 0)


def _type(asked: dict[str, Any], row: Row) -> Row:
    """A type by name or id; one for several servers makes the volume so."""
    word = asked.get("volume_type") or row["volume_type"]
    try:
        kind = types.named(word if word is None else str(word))
    except errors.NotFound as error:
        raise errors.NotFound(f"Volume type with name {word} could not be found.") from error
    shared = kind["name"] == types.SHARED or boolean(asked.get("multiattach") or False)
    if shared and types.format_of(kind["id"]) != types.RAW:
        raise errors.Invalid(
            f"Invalid input received: volumes of type {kind['name']} are for one server at a time."
        )
    return {"volume_type": kind["id"], "multiattach": int(shared)}


def _image(volumes: Volumes, _tx: Transaction, caller: Caller, image_id: str) -> Row:
    return image(volumes, caller, image_id)


def image(volumes: Volumes, caller: Caller, image_id: str) -> Row:
    """The columns that follow from an image that the caller may use, and `least`: GiB it needs."""
    row = volumes.images.store.one("SELECT * FROM images WHERE id = ?", image_id)
    shown = ("public", "community")
    if row is None or not (
        caller.is_admin or row["visibility"] in shown or row["owner"] == caller.project_id
    ):
        raise errors.Invalid(f"Invalid image identifier or unable to access requested image. "
                             f"({image_id})")  # fmt: skip
    if row["status"] != "active":
        raise errors.Invalid(f"Invalid input received: Image {image_id} is not active.")
    if row["disk_format"] not in FORMATS:
        raise errors.Invalid(f"Image {image_id} has the format {row['disk_format']}: no disk.")
    needed = max(row["size"] or 0, row["virtual_size"] or 0)
    return {
        "image_id": image_id,
        "bootable": 1,
        "least": max(row["min_disk"], -(-needed // GIB), 1),
        "image_metadata": json.dumps(image_metadata(images.view(row))),
    }


def image_metadata(image: dict[str, Any]) -> dict[str, str]:
    """What a volume remembers of its image: texts only, as Cinder keeps them."""
    named = ("container_format", "disk_format", "checksum", "min_disk", "min_ram", "size")
    skipped = {
        "id", "name", "status", "visibility", "protected", "os_hidden", "owner", "virtual_size",
        "os_hash_algo", "os_hash_value", "created_at", "updated_at", "tags", "self", "file",
        "schema",
    }  # fmt: skip
    kept = {name: value for name, value in image.items() if name not in skipped}
    return {
        "image_id": image["id"],
        "image_name": image["name"] or "",
        **{name: str(kept[name]) for name in named},
        **{name: str(value) for name, value in kept.items() if name not in named},
    }


def _snapshot(_volumes: Volumes, tx: Transaction, caller: Caller, snapshot_id: str) -> Row:
    snapshot = find_in(tx, caller, "snapshots", snapshot_id)
    if snapshot["status"] != "available":
        raise errors.Invalid(
            f"Invalid snapshot: Snapshot {snapshot_id} is {snapshot['status']}, not available."
        )
    volume = tx.one("SELECT * FROM volumes WHERE id = ?", snapshot["volume_id"])
    return {"snapshot_id": snapshot_id, "least": snapshot["size"]} | _inherited(volume or {})


def _volume(_volumes: Volumes, tx: Transaction, caller: Caller, volume_id: str) -> Row:
    volume = find_in(tx, caller, "volumes", volume_id)
    if volume["status"] != "available":
        raise errors.Invalid(
            f"Invalid volume: Volume {volume_id} is {volume['status']}; only an available one can "
            "be copied here."
        )
    assists.refuse(tx, volume_id)
    return {"source_volid": volume_id, "least": volume["size"]} | _inherited(volume)


def _inherited(volume: Row) -> Row:
    kept = ("bootable", "image_metadata", "volume_type")
    return {name: volume[name] for name in kept if name in volume}


_SOURCES = {"imageRef": _image, "snapshot_id": _snapshot, "source_volid": _volume}
