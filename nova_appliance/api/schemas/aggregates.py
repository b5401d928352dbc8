# SPDX-License-Identifier: Apache-2.0
"""Bodies of host aggregates."""

from __future__ import annotations

from nova_appliance.api.schemas.types import (
    HOSTNAME,
    METADATA,
    NAME,
    SPACED_NAME,
    UUID,
    list_of,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Schema, Versioned, add, inside

_ZONE: Schema = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": 255,
    "format": "az_name",
}
_LOOSE = inside(
    "aggregate", add(name=SPACED_NAME, availability_zone={**_ZONE, "format": "az_spaced_name"})
)
_METADATA: Schema = {
    **METADATA,
    "patternProperties": {
        key: {**value, "type": ["string", "null"]}
        for key, value in METADATA["patternProperties"].items()
    },
}

CREATE = Versioned(
    wrapped("aggregate", shape({"name": NAME, "availability_zone": _ZONE}, "name")),
    legacy=_LOOSE,
)
UPDATE = Versioned(
    wrapped(
        "aggregate",
        {
            **shape({"name": SPACED_NAME, "availability_zone": _ZONE}),
            "anyOf": [{"required": ["name"]}, {"required": ["availability_zone"]}],
        },
    ),
    legacy=_LOOSE,
)
ADD_HOST = wrapped("add_host", shape({"host": HOSTNAME}, "host"))
REMOVE_HOST = wrapped("remove_host", shape({"host": HOSTNAME}, "host"))
SET_METADATA = wrapped("set_metadata", shape({"metadata": _METADATA}, "metadata"))
CACHE = wrapped("cache", list_of(shape({"id": UUID}, "id"), minItems=1))
