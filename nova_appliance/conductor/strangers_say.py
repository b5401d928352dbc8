# SPDX-License-Identifier: Apache-2.0
"""What a host is told of servers that it has something of, though they are not its own."""

from __future__ import annotations

import functools

from nova_appliance.actions.cloud import Cloud
from nova_appliance.db import claims, sagas, server_migrations, servers
from nova_appliance.domain.migration import EVACUATION
from nova_appliance.rpc.orders import ELSEWHERE, ExpectedServer, ExpectedServers


def of(cloud: Cloud, server_id: str, host: str) -> ExpectedServer | None:
    """The server: to go if it was deleted or lives elsewhere at rest; None if nobody knows it."""
    moving = ExpectedServer(id=server_id, state="moving", task=None, power=0)
    with cloud.cells.api.read() as conn:
        if host in claims.hosts_of(conn, server_id):
            return moving  # to or from there, or it waits for its confirmation
    found = []
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            if sagas.open_of(conn, server_id):
                return moving
            server = servers.get(conn, cell.id, server_id, deleted=True)
        if server is not None:
            found.append(server)
    lives = [server for server in found if not server.deleted]
    if not found or any(server.host == host for server in lives):
        return None
    return ExpectedServer(
        id=server_id,
        state=ELSEWHERE if lives else "deleted",
        task=None,
        power=0,
        deleted=True,
        lives_at=next((server.host for server in lives), None),
    )


def end_evacuations(cloud: Cloud, cell_id: str, order: ExpectedServers) -> None:
    """A host that is back has nothing more of the servers that left it: that is over."""
    database = cloud.cells.database(cell_id)
    with database.read() as conn:
        left = server_migrations.left_by(conn, cell_id, order.host, EVACUATION, "done")
    for migration in left:
        if migration.server_id not in order.seen:
            over = functools.partial(
                server_migrations.turn,
                migration_id=migration.id,
                expected=("done",),
                status="completed",
            )
            database.transact(over)
