# SPDX-License-Identifier: Apache-2.0
"""Rules of server metadata."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, rule

_ROOT = "os_compute_api:server-metadata"
_ALL = "/servers/{server_id}/metadata"
_ONE = "/servers/{server_id}/metadata/{key}"
INDEX, SHOW = f"{_ROOT}:index", f"{_ROOT}:show"
CREATE, UPDATE_ALL = f"{_ROOT}:create", f"{_ROOT}:update_all"
UPDATE, DELETE = f"{_ROOT}:update", f"{_ROOT}:delete"

RULES = (
    rule(INDEX, READER, "List metadata of a server.", f"GET {_ALL}"),
    rule(SHOW, READER, "Show one item.", f"GET {_ONE}"),
    rule(CREATE, MEMBER, "Add items.", f"POST {_ALL}"),
    rule(UPDATE_ALL, MEMBER, "Replace all items.", f"PUT {_ALL}"),
    rule(UPDATE, MEMBER, "Set one item.", f"PUT {_ONE}"),
    rule(DELETE, MEMBER, "Remove one item.", f"DELETE {_ONE}"),
)
