# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of the old proxies to volumes and snapshots."""

from __future__ import annotations

from nova_appliance.api.paging import LIMIT
from nova_appliance.api.schemas.types import BOOLEAN, TEXT, shape, wrapped
from nova_appliance.api.versioned import Schema

_NAME: Schema = {"type": ["string", "null"], "maxLength": 255}
CREATE = wrapped(
    "volume",
    shape(
        {
            "volume_type": TEXT,
            "metadata": {"type": "object"},
            "snapshot_id": TEXT,
            "size": {
                "type": ["integer", "string"],
                "pattern": "^[0-9]+$",
                "minimum": 1,
                "maxLength": 9,
            },
            "availability_zone": TEXT,
            "display_name": _NAME,
            "display_description": _NAME,
        },
        "size",
        extra=True,
    ),
)
SNAPSHOT = wrapped(
    "snapshot",
    shape(
        {
            "volume_id": TEXT,
            "force": BOOLEAN,
            "display_name": _NAME,
            "display_description": _NAME,
        },
        "volume_id",
        extra=True,
    ),
)
LIST: Schema = {
    "type": "object",
    "properties": {"limit": LIMIT, "offset": LIMIT},
    "additionalProperties": True,
}
