# SPDX-License-Identifier: Apache-2.0
"""Rules of server tags."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, rule

_ROOT = "os_compute_api:os-server-tags"
_ALL = "/servers/{server_id}/tags"
_ONE = "/servers/{server_id}/tags/{tag}"
INDEX, SHOW = f"{_ROOT}:index", f"{_ROOT}:show"
UPDATE_ALL, DELETE_ALL = f"{_ROOT}:update_all", f"{_ROOT}:delete_all"
UPDATE, DELETE = f"{_ROOT}:update", f"{_ROOT}:delete"

RULES = (
    rule(INDEX, READER, "List tags of a server.", f"GET {_ALL}"),
    rule(SHOW, READER, "Ask whether a server has a tag.", f"GET {_ONE}"),
    rule(UPDATE_ALL, MEMBER, "Replace all tags.", f"PUT {_ALL}"),
    rule(UPDATE, MEMBER, "Add a tag.", f"PUT {_ONE}"),
    rule(DELETE_ALL, MEMBER, "Remove all tags.", f"DELETE {_ALL}"),
    rule(DELETE, MEMBER, "Remove a tag.", f"DELETE {_ONE}"),
)
