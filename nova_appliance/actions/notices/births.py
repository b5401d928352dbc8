# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside of servers that are asked for: their first state, and their group."""

from __future__ import annotations

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers, things
from nova_appliance.actions.notices.about import API
from nova_appliance.common.context import RequestContext
from nova_appliance.domain.server import Server
from nova_appliance.domain.server_group import ServerGroup


def tell(
    cloud: Cloud, context: RequestContext, new: tuple[Server, ...], group: ServerGroup | None
) -> None:
    """The rows of these servers are written; nobody works on them yet."""
    for server in new:
        servers.changed(cloud, context, None, server, API)
        if group is not None:
            member = msgspec.structs.replace(group, members=(server.id,))
            things.server_group(cloud, "add_member", member)
