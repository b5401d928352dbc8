# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of server groups."""

from __future__ import annotations

from nova_appliance.api.schemas.types import (
    NAME,
    NOT_NEGATIVE,
    POSITIVE,
    TEXT,
    query,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Schema, Versioned, add, closed, inside
from nova_appliance.domain.server_group import POLICIES

_STRICT = [name for name in POLICIES if not name.startswith("soft-")]
_SOFT = [name for name in POLICIES if name.startswith("soft-")]


def _with_soft(schema: Schema) -> None:
    schema["properties"]["policies"]["items"][0]["enum"] += _SOFT


def _one_policy(schema: Schema) -> None:
    del schema["properties"]["policies"]
    schema["required"] = ["name", "policy"]
    add(
        policy={"type": "string", "enum": list(POLICIES)},
        rules=shape({"max_server_per_host": POSITIVE}),
    )(schema)


CREATE = Versioned(
    wrapped(
        "server_group",
        shape(
            {
                "name": NAME,
                "policies": {
                    "type": "array",
                    "items": [{"type": "string", "enum": _STRICT}],
                    "uniqueItems": True,
                    "minItems": 1,
                    "maxItems": 1,
                    "additionalItems": False,
                },
            },
            "name",
            "policies",
        ),
    ),
    v2_15=inside("server_group", _with_soft),
    v2_64=inside("server_group", _one_policy),
)

LIST = Versioned(query(all_projects=TEXT, limit=NOT_NEGATIVE, offset=NOT_NEGATIVE), v2_75=closed)
