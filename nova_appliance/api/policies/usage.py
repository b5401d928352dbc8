# SPDX-License-Identifier: Apache-2.0
"""Rules of usage, its audit log, and what is left of bare metal."""

from __future__ import annotations

from nova_appliance.api.policies.base import ADMIN, READER, rule

_USAGE = "os_compute_api:os-simple-tenant-usage"
LIST, SHOW = f"{_USAGE}:list", f"{_USAGE}:show"
_AUDIT = "os_compute_api:os-instance-usage-audit-log"
AUDIT_LIST, AUDIT_SHOW = f"{_AUDIT}:list", f"{_AUDIT}:show"
_NODES = "os_compute_api:os-baremetal-nodes"
NODES_LIST, NODES_SHOW = f"{_NODES}:list", f"{_NODES}:show"

RULES = (
    rule(LIST, ADMIN, "Show the usage of all projects.", "GET /os-simple-tenant-usage"),
    rule(SHOW, READER, "Show that of one.", "GET /os-simple-tenant-usage/{tenant_id}"),
    rule(AUDIT_LIST, ADMIN, "Show the audit of usage.", "GET /os-instance_usage_audit_log"),
    rule(
        AUDIT_SHOW,
        ADMIN,
        "Show an older one.",
        "GET /os-instance_usage_audit_log/{before_timestamp}",
    ),
    rule(NODES_LIST, ADMIN, "Old proxy to bare metal (to 2.35).", "GET /os-baremetal-nodes"),
    rule(NODES_SHOW, ADMIN, "The same, one.", "GET /os-baremetal-nodes/{node_id}"),
)
