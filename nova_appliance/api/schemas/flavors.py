# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of flavors, their access lists and extra specs."""

from __future__ import annotations

from nova_appliance.api.schemas.types import (
    BOOLEAN,
    METADATA,
    NAME,
    NOT_NEGATIVE,
    POSITIVE,
    SPACED_NAME,
    TEXT,
    TEXT_255,
    query,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Schema, Versioned, add, both, closed, drop, inside

LARGEST = 0x7FFFFFFF
LARGEST_FACTOR = 3.40282e38
LONGEST_DESCRIPTION = 65535
SORT_KEYS = (
    "created_at",
    "description",
    "disabled",
    "ephemeral_gb",
    "flavorid",
    "id",
    "is_public",
    "memory_mb",
    "name",
    "root_gb",
    "swap",
    "updated_at",
    "vcpu_weight",
    "vcpus",
    "rxtx_factor",
)

_SIZE: Schema = {**NOT_NEGATIVE, "maximum": LARGEST, "maxLength": 255}
_POSITIVE_SIZE: Schema = {**POSITIVE, "maximum": LARGEST, "maxLength": 255}
_ID: Schema = {
    "type": ["string", "number", "null"],
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^(?! )[a-zA-Z0-9. _-]+(?<! )$",
}
_FACTOR: Schema = {
    "type": ["number", "string"],
    "pattern": r"^[0-9]+(\.[0-9]+)?$",
    "minimum": 0,
    "exclusiveMinimum": True,
    "maximum": LARGEST_FACTOR,
    "maxLength": 255,
}
_DESCRIPTION: Schema = {
    "type": ["string", "null"],
    "minLength": 0,
    "maxLength": LONGEST_DESCRIPTION,
    "format": "printable",
}

CREATE = Versioned(
    wrapped(
        "flavor",
        shape(
            {
                "name": NAME,
                "id": _ID,
                "ram": _POSITIVE_SIZE,
                "vcpus": _POSITIVE_SIZE,
                "disk": _SIZE,
                "OS-FLV-EXT-DATA:ephemeral": _SIZE,
                "swap": _SIZE,
                "rxtx_factor": _FACTOR,
                "os-flavor-access:is_public": BOOLEAN,
            },
            "name",
            "ram",
            "vcpus",
            "disk",
        ),
    ),
    legacy=inside("flavor", add(name=SPACED_NAME)),
    v2_55=inside("flavor", add(description=_DESCRIPTION)),
    v2_102=inside("flavor", drop("rxtx_factor")),
)

UPDATE = wrapped("flavor", shape({"description": _DESCRIPTION}, "description"))


def _no_factor(schema: Schema) -> None:
    schema["properties"]["sort_key"]["items"]["enum"].remove("rxtx_factor")


LIST = Versioned(
    query(
        limit=NOT_NEGATIVE,
        marker=TEXT,
        is_public=TEXT,
        minRam=TEXT,
        minDisk=TEXT,
        sort_key={"type": "string", "enum": list(SORT_KEYS)},
        sort_dir={"type": "string", "enum": ["asc", "desc"]},
    ),
    v2_75=closed,
    v2_102=both(add(name=query(name=TEXT)["properties"]["name"]), _no_factor),
)

_PROJECT = shape({"tenant": {**TEXT_255, "minLength": 1}}, "tenant")
ADD_ACCESS = wrapped("addTenantAccess", _PROJECT)
REMOVE_ACCESS = wrapped("removeTenantAccess", _PROJECT)

_SPECS: Schema = {
    **METADATA,
    "patternProperties": {
        key: {**value, "type": ["string", "number"]}
        for key, value in METADATA["patternProperties"].items()
    },
}
SPECS_CREATE = wrapped("extra_specs", _SPECS)
SPECS_UPDATE: Schema = {**_SPECS, "minProperties": 1, "maxProperties": 1}
