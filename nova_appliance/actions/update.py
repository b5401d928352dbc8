# SPDX-License-Identifier: Apache-2.0
"""Changes what users may say about a server: name, description, addresses, hostname, ..."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common.context import RequestContext
from nova_appliance.db import servers
from nova_appliance.domain.server import Server

FIELDS = frozenset(
    (
        "name",
        "description",
        "hostname",
        "access_ip_v4",
        "access_ip_v6",
        "disk_config",
        "pinned_zone",
        "tags",
    )
)


def update(
    cloud: Cloud, context: RequestContext, server: Server, changes: Mapping[str, Any]
) -> Server:
    """Set fields (those of FIELDS) and return the server as it is then. Raises NotFound."""
    if not FIELDS.issuperset(changes):
        raise TypeError(f"update does not change {sorted(set(changes) - FIELDS)}.")
    for _ in range(find_server.TRIES):
        before = server
        database = cloud.cells.database(server.cell_id)
        change = functools.partial(servers.change, server_id=server.id, **changes)
        done = not changes or database.transact(change)
        server = find_server.by_id(cloud, server.id)
        if done:
            if changes:
                notices.edited(cloud, context, before, server)
            return server
    raise find_server.missing(server.id)
