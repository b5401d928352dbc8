# SPDX-License-Identifier: Apache-2.0
"""Body of POST /os-server-external-events."""

from __future__ import annotations

from nova_appliance.api.schemas.types import TEXT_255, UUID, list_of, shape, wrapped
from nova_appliance.api.versioned import Change, Schema, Versioned

_NETWORK = [
    "network-changed",
    "network-vif-plugged",
    "network-vif-unplugged",
    "network-vif-deleted",
]
_EVENT = shape(
    {
        "server_uuid": UUID,
        "name": {"type": "string", "enum": _NETWORK},
        "status": {"type": "string", "enum": ["failed", "completed", "in-progress"]},
        "tag": TEXT_255,
    },
    "server_uuid",
    "name",
)


def _also(name: str) -> Change:
    def change(schema: Schema) -> None:
        event = schema["properties"]["events"]["items"]
        event["properties"]["name"]["enum"].append(name)

    return change


CREATE = Versioned(
    wrapped("events", list_of(_EVENT, minItems=1)),
    v2_51=_also("volume-extended"),
    v2_76=_also("power-update"),
    v2_82=_also("accelerator-request-bound"),
    v2_93=_also("volume-reimaged"),
)
