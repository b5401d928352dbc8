# SPDX-License-Identifier: Apache-2.0
"""The metadata that users keep on a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from nova_appliance.actions import find_server, quotas
from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import servers as notices
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain import states
from nova_appliance.domain.quota import has_room
from nova_appliance.domain.server import Server

Change = Callable[[dict[str, str]], dict[str, str]]


def merge(
    cloud: Cloud, context: RequestContext, server: Server, items: Mapping[str, str]
) -> dict[str, str]:
    """Set these items and keep the others; returns all. Raises Conflict, OverQuota."""
    return _change(cloud, context, server, lambda old: {**old, **items})


def replace(
    cloud: Cloud, context: RequestContext, server: Server, items: Mapping[str, str]
) -> dict[str, str]:
    """Have these items and no others. Raises Conflict, OverQuota."""
    return _change(cloud, context, server, lambda _old: dict(items))


def remove(cloud: Cloud, context: RequestContext, server: Server, key: str) -> None:
    """Take an item away. Raises NotFound, Conflict."""

    def without(old: dict[str, str]) -> dict[str, str]:
        if key not in old:
            raise errors.NotFound("Metadata item was not found")
        return {name: value for name, value in old.items() if name != key}

    without(server.metadata)
    _change(cloud, context, server, without, verb="delete metadata")


def check_room(cloud: Cloud, context: RequestContext, count: int) -> None:
    """Raise OverQuota if a server of the caller may not have so many items."""
    with cloud.cells.api.read() as conn:
        limit = quotas.of_caller(conn, cloud, context)["metadata_items"]
    if not has_room(limit, count):
        raise errors.OverQuota(f"Maximum number of metadata items exceeds {limit}")


def _change(
    cloud: Cloud,
    context: RequestContext,
    server: Server,
    change: Change,
    verb: str = "metadata",
) -> dict[str, str]:
    states.check_lock(server, verb, is_admin=bool(context.is_admin))
    states.check(server, verb)
    check_room(cloud, context, len(change(server.metadata)))

    def work(conn: Connection) -> dict[str, str]:
        now = None
        if servers.lock(conn, server.id):
            now = servers.get(conn, server.cell_id, server.id)
        if now is None:
            raise find_server.missing(server.id)
        new = change(now.metadata)
        servers.change(conn, server.id, metadata=new)
        return new

    metadata = cloud.cells.database(server.cell_id).transact(work)
    after = msgspec.structs.replace(server, metadata=metadata)
    notices.edited(cloud, context, server, after)
    return metadata
