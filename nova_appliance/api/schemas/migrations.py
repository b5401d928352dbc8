# SPDX-License-Identifier: Apache-2.0
"""Queries of migrations."""

from __future__ import annotations

from nova_appliance.api import paging
from nova_appliance.api.schemas.types import TEXT, UUID, query, single
from nova_appliance.api.versioned import Schema, Versioned, add, both, closed

_TIME: Schema = {"type": "string", "format": "date-time"}
_PLAIN = ("host", "hidden", "instance_uuid", "source_compute", "status", "migration_type")

INDEX = Versioned(
    query(extra=True, **dict.fromkeys(_PLAIN, TEXT)),
    v2_59=both(
        add(
            **{
                **paging.QUERY,
                "marker": single(UUID),
                "limit": {**paging.LIMIT, "maxItems": 1},
                "changes-since": single(_TIME),
                "instance_uuid": single(UUID),
                **{name: single(TEXT) for name in _PLAIN if name != "instance_uuid"},
            }
        ),
        closed,
    ),
    v2_66=add(**{"changes-before": single(_TIME)}),
    v2_80=add(user_id=single(TEXT), project_id=single(TEXT)),
)
