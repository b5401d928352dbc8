# SPDX-License-Identifier: Apache-2.0
"""Rules of server groups."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, MEMBER, READER, rule

_GROUPS = "os_compute_api:os-server-groups"
INDEX = f"{_GROUPS}:index"
INDEX_ALL = f"{_GROUPS}:index:all_projects"
SHOW = f"{_GROUPS}:show"
CREATE = f"{_GROUPS}:create"
DELETE = f"{_GROUPS}:delete"

RULES = (
    rule(INDEX, READER, "List server groups.", "GET /os-server-groups"),
    rule(INDEX_ALL, ADMIN, "List those of all projects.", "GET /os-server-groups"),
    rule(SHOW, READER, "Show a server group.", "GET /os-server-groups/{server_group_id}"),
    rule(CREATE, MEMBER, "Create a server group.", "POST /os-server-groups"),
    rule(DELETE, MEMBER, "Delete a server group.", "DELETE /os-server-groups/{server_group_id}"),
)
