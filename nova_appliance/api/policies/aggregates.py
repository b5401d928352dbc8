# SPDX-License-Identifier: Apache-2.0
"""Rules of host aggregates and availability zones."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, ANYONE, rule

_AGGREGATES = "os_compute_api:os-aggregates"
INDEX = f"{_AGGREGATES}:index"
SHOW = f"{_AGGREGATES}:show"
CREATE = f"{_AGGREGATES}:create"
UPDATE = f"{_AGGREGATES}:update"
DELETE = f"{_AGGREGATES}:delete"
ADD_HOST = f"{_AGGREGATES}:add_host"
REMOVE_HOST = f"{_AGGREGATES}:remove_host"
SET_METADATA = f"{_AGGREGATES}:set_metadata"
_ZONES = "os_compute_api:os-availability-zone"
ZONES = f"{_ZONES}:list"
ZONES_DETAIL = f"{_ZONES}:detail"

IMAGES = "compute:aggregates:images"

_ONE = "/os-aggregates/{aggregate_id}"

RULES = (
    rule(INDEX, ADMIN, "List aggregates.", "GET /os-aggregates"),
    rule(SHOW, ADMIN, "Show an aggregate.", f"GET {_ONE}"),
    rule(CREATE, ADMIN, "Create an aggregate.", "POST /os-aggregates"),
    rule(UPDATE, ADMIN, "Change name and zone.", f"PUT {_ONE}"),
    rule(DELETE, ADMIN, "Delete an aggregate.", f"DELETE {_ONE}"),
    rule(ADD_HOST, ADMIN, "Put a host in.", f"POST {_ONE}/action (add_host)"),
    rule(REMOVE_HOST, ADMIN, "Take a host out.", f"POST {_ONE}/action (remove_host)"),
    rule(SET_METADATA, ADMIN, "Set metadata.", f"POST {_ONE}/action (set_metadata)"),
    rule(IMAGES, ADMIN, "Let its hosts cache images (2.81).", f"POST {_ONE}/images"),
    rule(ZONES, ANYONE, "List availability zones.", "GET /os-availability-zone"),
    rule(ZONES_DETAIL, ADMIN, "The same with hosts.", "GET /os-availability-zone/detail"),
)
