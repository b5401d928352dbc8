# SPDX-License-Identifier: Apache-2.0
"""Rules of the old proxies to volumes and snapshots (to 2.35)."""

from __future__ import annotations

from nova_appliance.api.policies.base import MEMBER, READER, rule

_VOLUMES = "os_compute_api:os-volumes"
LIST, DETAIL, SHOW = f"{_VOLUMES}:list", f"{_VOLUMES}:detail", f"{_VOLUMES}:show"
CREATE, DELETE = f"{_VOLUMES}:create", f"{_VOLUMES}:delete"
_SNAPSHOTS = f"{_VOLUMES}:snapshots"
SNAPSHOT_LIST, SNAPSHOT_DETAIL = f"{_SNAPSHOTS}:list", f"{_SNAPSHOTS}:detail"
SNAPSHOT_SHOW = f"{_SNAPSHOTS}:show"
SNAPSHOT_CREATE, SNAPSHOT_DELETE = f"{_SNAPSHOTS}:create", f"{_SNAPSHOTS}:delete"

_ONE, _ONE_SNAPSHOT = "/os-volumes/{volume_id}", "/os-snapshots/{snapshot_id}"

RULES = (
    rule(LIST, READER, "List volumes (to 2.35).", "GET /os-volumes"),
    rule(DETAIL, READER, "List them with all details.", "GET /os-volumes/detail"),
    rule(SHOW, READER, "Show one (to 2.35).", f"GET {_ONE}"),
    rule(CREATE, MEMBER, "Make one (to 2.35).", "POST /os-volumes"),
    rule(DELETE, MEMBER, "Delete one (to 2.35).", f"DELETE {_ONE}"),
    rule(SNAPSHOT_LIST, READER, "List snapshots (to 2.35).", "GET /os-snapshots"),
    rule(SNAPSHOT_DETAIL, READER, "List them with all details.", "GET /os-snapshots/detail"),
    rule(SNAPSHOT_SHOW, READER, "Show one (to 2.35).", f"GET {_ONE_SNAPSHOT}"),
    rule(SNAPSHOT_CREATE, MEMBER, "Make one (to 2.35).", "POST /os-snapshots"),
    rule(SNAPSHOT_DELETE, MEMBER, "Delete one (to 2.35).", f"DELETE {_ONE_SNAPSHOT}"),
)
