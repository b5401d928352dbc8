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


def reserve(cloud: Cloud, server: Server, flavor: Flavor) -> None:
    """Count what the server needs more. Raises OverQuota."""
    cloud.cells.api.transact(lambda conn: _reserve(conn, cloud, server, flavor))


def give_back(cloud: Cloud, server: Server) -> None:
    """Count the server as it is."""
    flavor = server.flavor
    cloud.cells.api.transact(
        lambda conn: server_mappings.resize(conn, server.id, flavor.vcpus, flavor.memory_mib)
    )


def _reserve(conn: Connection, cloud: Cloud, server: Server, flavor: Flavor) -> None:
    limits.take_turn(conn, server.project_id)
    old = server.flavor
    vcpus, memory_mib = max(old.vcpus, flavor.vcpus), max(old.memory_mib, flavor.memory_mib)
    more = {"cores": vcpus - old.vcpus, "ram": memory_mib - old.memory_mib}
    for user_id in (None, server.user_id):
        bounds = limits.limits(conn, quotas.defaults(cloud), server.project_id, user_id)
        used = server_mappings.usage(conn, server.project_id, user_id).as_resources()
        for name, amount in more.items():
            limit = bounds[name]
            if amount > 0 and limit != UNLIMITED and used[name] + amount > limit:
                raise over_quota(name, amount, used[name], limit)
    server_mappings.resize(conn, server.id, vcpus, memory_mib)
