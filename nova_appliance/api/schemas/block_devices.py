# SPDX-License-Identifier: Apache-2.0
"""Block device mappings of POST /servers, both dialects."""

from __future__ import annotations

from nova_appliance.api.schemas.types import ANY, BOOLEAN, TEXT_255, UUID, list_of, shape
from nova_appliance.api.versioned import Schema

TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60, "pattern": "^[^,/]*$"}
VOLUME_TYPE: Schema = {"type": ["string", "null"], "minLength": 0, "maxLength": 255}
_SIZE: Schema = {
    "type": ["integer", "string"],
    "pattern": "^[0-9]+$",
    "minimum": 1,
    "maximum": 0x7FFFFFFF,
    "minLength": 1,
    "maxLength": 10,
}
_OLD: Schema = {
    "virtual_name": TEXT_255,
    "volume_id": UUID,
    "snapshot_id": UUID,
    "volume_size": _SIZE,
    "device_name": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[a-zA-Z0-9._/-]*$",
    },
    "delete_on_termination": BOOLEAN,
    "no_device": ANY,
    "connection_info": {"type": "string", "maxLength": 16777215},
}
_NEW: Schema = {
    **_OLD,
    "source_type": {"type": "string", "enum": ["volume", "image", "snapshot", "blank"]},
    "uuid": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[a-zA-Z0-9._-]*$"},
    "image_id": UUID,
    "destination_type": {"type": "string", "enum": ["local", "volume"]},
    "guest_format": TEXT_255,
    "device_type": TEXT_255,
    "disk_bus": TEXT_255,
    "boot_index": {
        "type": ["integer", "string", "null"],
        "pattern": "^-?[0-9]+$",
        "minimum": -2147483648,
        "maximum": 2147483647,
    },
}

MAPPING = list_of(shape(_OLD))
MAPPING_V2 = list_of(shape(_NEW))
