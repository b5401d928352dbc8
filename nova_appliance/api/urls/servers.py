# SPDX-License-Identifier: Apache-2.0
"""URLs of servers."""

from __future__ import annotations

from nova_appliance.api.operation import Routes
from nova_appliance.api.resources import instance_actions, server_ips, servers

ROUTES: Routes = {
    "servers": {"GET": servers.index},
    "servers/detail": {"GET": servers.detail},
    "servers/{server_id}": {"GET": servers.show},
    "servers/{server_id}/ips": {"GET": server_ips.index},
    "servers/{server_id}/ips/{network_label}": {"GET": server_ips.show},
    "servers/{server_id}/os-instance-actions": {"GET": instance_actions.index},
    "servers/{server_id}/os-instance-actions/{request_id}": {"GET": instance_actions.show},
}
