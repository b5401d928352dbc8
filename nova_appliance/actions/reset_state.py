# SPDX-License-Identifier: Apache-2.0
"""os-resetState: an administrator says what state a server is in; no hypervisor is asked."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common.context import RequestContext
from nova_appliance.common.errors import NotFound
from nova_appliance.db import server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server


def reset_state(cloud: Cloud, context: RequestContext, server: Server, state: str) -> None:
    """Set the state (active or error) and clear the task."""

    def write(connection: Connection) -> None:
        if not servers.reset(connection, server.id, state):
            raise NotFound(f"Instance {server.id} could not be found.")
        server_actions.start(connection, server.id, "resetState", context)
        server_actions.finish(connection, server.id, str(context.request_id))

    cloud.cells.database(server.cell_id).transact(write)
    notices.moved(cloud, context, server)
