# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of limits, quota sets and quota classes."""

from __future__ import annotations

from nova_appliance.api.schemas.types import BOOLEAN, TEXT, query, shape, wrapped
from nova_appliance.api.versioned import Schema, Versioned, closed, drop, inside
from nova_appliance.domain.quota import RESOURCES

NETWORK = ("fixed_ips", "floating_ips", "security_group_rules", "security_groups")
INJECTION = ("injected_file_content_bytes", "injected_file_path_bytes", "injected_files")

_LIMIT: Schema = {
    "type": ["integer", "string"],
    "pattern": "^-?[0-9]+$",
    "minimum": -1,
    "maximum": 0x7FFFFFFF,
    "maxLength": 255,
}
_ALL: Schema = dict.fromkeys(RESOURCES, _LIMIT)

SET = Versioned(
    wrapped("quota_set", shape({**_ALL, "force": BOOLEAN})),
    v2_36=inside("quota_set", drop(*NETWORK)),
    v2_57=inside("quota_set", drop(*INJECTION)),
)
CLASS = Versioned(
    wrapped("quota_class_set", shape(_ALL)),
    v2_50=inside("quota_class_set", drop(*NETWORK)),
    v2_57=inside("quota_class_set", drop(*INJECTION)),
)
USER = Versioned(query(user_id=TEXT), v2_75=closed)
LIMITS = Versioned(query(tenant_id=TEXT), v2_75=closed)
