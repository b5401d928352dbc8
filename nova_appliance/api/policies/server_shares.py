# SPDX-License-Identifier: Apache-2.0
"""Rules of shares that servers have."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, rule

_BASE = "os_compute_api:os-server-shares"
_ALL = "/servers/{server_id}/shares"
_ONE = f"{_ALL}/{{share_id}}"
INDEX, SHOW = f"{_BASE}:index", f"{_BASE}:show"
CREATE, DELETE = f"{_BASE}:create", f"{_BASE}:delete"

RULES = (
    rule(INDEX, READER, "List shares of a server.", f"GET {_ALL}"),
    rule(CREATE, MEMBER, "Attach a share to a server.", f"POST {_ALL}"),
    rule(SHOW, READER, "Show a share of a server.", f"GET {_ONE}"),
    rule(DELETE, MEMBER, "Detach a share from a server.", f"DELETE {_ONE}"),
)
