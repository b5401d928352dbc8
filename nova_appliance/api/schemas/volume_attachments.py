# SPDX-License-Identifier: Apache-2.0
"""Bodies and query of /servers/{server_id}/os-volume_attachments."""

from __future__ import annotations

from nova_appliance.api.paging import LIMIT
from nova_appliance.api.schemas.block_devices import TAG
from nova_appliance.api.schemas.types import BOOLEAN, UUID, shape, wrapped
from nova_appliance.api.versioned import Schema, Versioned, add, closed, inside

_DEVICE: Schema = {
    "type": ["string", "null"],
    "pattern": r"(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$",
}
_SHOWN_DEVICE: Schema = {**_DEVICE, "type": "string"}

INDEX = Versioned(
    {
        "type": "object",
        "properties": {"limit": LIMIT, "offset": LIMIT},
        "additionalProperties": True,
    },
    v2_75=closed,
)
ATTACH = Versioned(
    wrapped("volumeAttachment", shape({"volumeId": UUID, "device": _DEVICE}, "volumeId")),
    v2_49=inside("volumeAttachment", add(tag=TAG)),
    v2_79=inside("volumeAttachment", add(delete_on_termination=BOOLEAN)),
)
UPDATE = Versioned(
    wrapped("volumeAttachment", shape({"volumeId": UUID}, "volumeId")),
    v2_85=inside(
        "volumeAttachment",
        add(
            id=UUID,
            device=_SHOWN_DEVICE,
            tag=TAG,
            delete_on_termination=BOOLEAN,
            serverId=UUID,
        ),
    ),
)
