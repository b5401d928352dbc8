# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of the old image proxy."""

from __future__ import annotations

from nova_appliance.api.schemas.types import METADATA, POSITIVE, shape, wrapped
from nova_appliance.api.versioned import Schema

FILTERS = {
    "name": "name",
    "status": "status",
    "changes-since": "updated_at",
    "server": "instance_uuid",
    "type": "image_type",
    "minRam": "min_ram",
    "minDisk": "min_disk",
}
"""Key of the query > what the image service calls it."""

_NUMBERS: Schema = {"type": "array", "items": POSITIVE}

LIST: Schema = shape(
    {
        **{name: {} for name in FILTERS},
        "limit": _NUMBERS,
        "page_size": _NUMBERS,
        "offset": _NUMBERS,
        "marker": {},
    },
    extra=True,
)
METADATA_ALL = wrapped("metadata", METADATA)
METADATA_ONE = wrapped("meta", {**METADATA, "minProperties": 1, "maxProperties": 1})
