# SPDX-License-Identifier: Apache-2.0
"""Rules of limits, quota sets and quota classes."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, ANYONE, READER, rule

LIMITS = "os_compute_api:limits"
OTHER_PROJECT = f"{LIMITS}:other_project"
_SETS = "os_compute_api:os-quota-sets"
SHOW = f"{_SETS}:show"
DETAIL = f"{_SETS}:detail"
DEFAULTS = f"{_SETS}:defaults"
UPDATE = f"{_SETS}:update"
DELETE = f"{_SETS}:delete"
_CLASSES = "os_compute_api:os-quota-class-sets"
CLASS_SHOW = f"{_CLASSES}:show"
CLASS_UPDATE = f"{_CLASSES}:update"

_SET = "/os-quota-sets/{tenant_id}"
_CLASS = "/os-quota-class-sets/{id}"

RULES = (
    rule(LIMITS, ANYONE, "See limits and their use.", "GET /limits"),
    rule(OTHER_PROJECT, ADMIN, "See those of another project.", "GET /limits"),
    rule(SHOW, READER, "Show the limits of a project.", f"GET {_SET}"),
    rule(DETAIL, READER, "Show limits and use.", f"GET {_SET}/detail"),
    rule(DEFAULTS, ANYONE, "Show the default limits.", f"GET {_SET}/defaults"),
    rule(UPDATE, ADMIN, "Set limits.", f"PUT {_SET}"),
    rule(DELETE, ADMIN, "Go back to the defaults.", f"DELETE {_SET}"),
    rule(CLASS_SHOW, ADMIN, "Show a quota class.", f"GET {_CLASS}"),
    rule(CLASS_UPDATE, ADMIN, "Set limits of a quota class.", f"PUT {_CLASS}"),
)
