# SPDX-License-Identifier: Apache-2.0
"""Locks servers against their users, and unlocks them."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions import find_server
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.actions.notices.about import API, About
from nova_appliance.common.context import RequestContext
from nova_appliance.db import server_actions, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.server import Server


def lock(cloud: Cloud, context: RequestContext, server: Server, reason: str | None = None) -> None:
    """Lock a server; an owner's lock on a locked one changes nothing."""
    is_owner = server.project_id == context.project_id
    if server.locked_by and is_owner:
        return
    who = "owner" if is_owner else "admin"
    _set(cloud, context, server, "lock", locked_by=who, locked_reason=reason)


def unlock(cloud: Cloud, context: RequestContext, server: Server) -> None:
    """Take a lock away; whether the caller may do so was decided before."""
    _set(cloud, context, server, "unlock", locked_by=None, locked_reason=None)


def _set(cloud: Cloud, context: RequestContext, server: Server, action: str, **fields: Any) -> None:
    def work(conn: Connection) -> bool:
        if not servers.change(conn, server.id, **fields):
            return False
        server_actions.start(conn, server.id, action, context)
        server_actions.finish(conn, server.id, str(context.request_id))
        return True

    if not cloud.cells.database(server.cell_id).transact(work):
        server = find_server.by_id(cloud, server.id)
        cloud.cells.database(server.cell_id).transact(work)
    after = msgspec.structs.replace(server, **fields)
    host = cloud.conf.host
    notices.tell(cloud, context, About(server=after, action=action, source=API, host=host))
