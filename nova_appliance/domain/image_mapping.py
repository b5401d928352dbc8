# SPDX-License-Identifier: Apache-2.0
"""Images without data of their own: a mapping to snapshots of volumes, as Nova and Cinder write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from nova_appliance.common import errors
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.boot import BlockDevice

MAPPING, MARK = "block_device_mapping", "bdm_v2"
"""Properties of the image: its devices as JSON, and that they are of version 2."""


def devices_of(properties: Mapping[str, str]) -> tuple[BlockDevice, ...]:
    """The devices that such an image stands for; () for one with data of its own. Raises Invalid."""
    if MAPPING not in properties or properties.get(MARK, "").lower() != "true":
        return ()
    try:
        rows = msgspec.json.decode(properties[MAPPING], type=list[dict[str, Any]])
        return tuple(_device(row) for row in rows)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError) as error:
        raise errors.Invalid(f"Block Device Mapping is Invalid: the image's is: {error}") from error


def properties_of(rows: list[dict[str, Any]], root_device: str | None) -> dict[str, Any]:
    """The properties that make an image one of these devices."""
    return {
        MAPPING: msgspec.json.encode(rows).decode(),
        MARK: "True",
        "root_device_name": root_device,
    }


def row(one: Attachment) -> dict[str, Any]:
    """What the mapping says of a device; of a volume, the snapshot is still to be named."""
    source = "snapshot" if one.is_volume else one.source
    return {
        "source_type": source,
        "destination_type": one.destination,
        "boot_index": -1 if one.boot_index is None else one.boot_index,
        "delete_on_termination": one.delete_on_termination,
        "device_name": one.device,
        "device_type": one.device_type,
        "disk_bus": one.bus,
        "guest_format": one.guest_format,
        "volume_size": one.size_mib or one.size_gib,
        "tag": one.tag,
        "snapshot_id": None,
        "volume_id": None,
        "image_id": None,
        "no_device": None,
    }


def _device(row: Mapping[str, Any]) -> BlockDevice:
    known = {name: row.get(name) for name in BlockDevice.__struct_fields__ if row.get(name)}
    source = str(row["source_type"])
    usual = {
        "uuid": row.get(f"{source}_id"),
        "boot_index": row.get("boot_index"),
        "destination_type": row["destination_type"],
    }
    return msgspec.convert({**usual, **known}, type=BlockDevice)
