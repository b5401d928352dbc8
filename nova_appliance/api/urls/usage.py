# SPDX-License-Identifier: Apache-2.0
"""URLs of usage, its audit, and what is left of bare metal."""

from __future__ import annotations

from nova_appliance.api.operation import ByBodyKey, Routes
from nova_appliance.api.resources import baremetal_nodes, usage, usage_audit

ROUTES: Routes = {
    "os-simple-tenant-usage": {"GET": usage.index},
    "os-simple-tenant-usage/{tenant_id}": {"GET": usage.show},
    "os-instance_usage_audit_log": {"GET": usage_audit.index},
    "os-instance_usage_audit_log/{before_timestamp}": {"GET": usage_audit.show},
    "os-baremetal-nodes": {"GET": baremetal_nodes.index, "POST": baremetal_nodes.create},
    "os-baremetal-nodes/{node_id}": {
        "GET": baremetal_nodes.show,
        "DELETE": baremetal_nodes.delete,
    },
    "os-baremetal-nodes/{node_id}/action": {
        "POST": ByBodyKey(
            {
                "add_interface": baremetal_nodes.add_interface,
                "remove_interface": baremetal_nodes.remove_interface,
            }
        )
    },
}
