# SPDX-License-Identifier: Apache-2.0
"""What a server that is resized counts against quotas: the larger of both flavors until it is
confirmed or reverted.
"""

from __future__ import annotations

from nova_appliance.actions import quotas
from nova_appliance.actions.boot_quota import over_quota
from nova_appliance.actions.cloud import Cloud
from nova_appliance.db import quotas as limits
from nova_appliance.db import server_mappings
from nova_appliance.db.engines import Connection
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.quota import UNLIMITED
from nova_appliance.domain.server import Server


def reserve(conn: Connection, cloud: Cloud, server: Server, flavor: Flavor) -> None:
    """Count what the server needs more, last of all before the move's begin is committed: one that
    comes too late counts nothing. Done again, it counts nothing more. Raises OverQuota.
    """
    limits.take_turn(conn, server.project_id)
    counted = server_mappings.get(conn, server.id)
    if counted is None:
        return
    vcpus = max(counted.vcpus, server.flavor.vcpus, flavor.vcpus)
    memory_mib = max(counted.memory_mib, server.flavor.memory_mib, flavor.memory_mib)
    more = {"cores": vcpus - counted.vcpus, "ram": memory_mib - counted.memory_mib}
    for user_id in (None, server.user_id):
        bounds = limits.limits(conn, quotas.defaults(cloud), server.project_id, user_id)
        used = server_mappings.usage(conn, server.project_id, user_id).as_resources()
        for name, amount in more.items():
            limit = bounds[name]
            if amount > 0 and limit != UNLIMITED and used[name] + amount > limit:
                raise over_quota(name, amount, used[name], limit)
    server_mappings.resize(conn, server.id, vcpus, memory_mib)
