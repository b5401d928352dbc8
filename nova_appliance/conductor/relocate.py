# SPDX-License-Identifier: Apache-2.0
"""Moves a server's row from one cell to another; the mapping says which row is the true one.

May die at any line and be done again: what stands in both cells is copied from the newer one.
"""

from __future__ import annotations

import datetime as dt

from nova_appliance.conductor.saga import Cancelled, Ctx, Write
from nova_appliance.db import server_actions, server_mappings, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.action import Action
from nova_appliance.domain.server import Server

TRIES = 20
"""How often somebody may write to the row while it moves."""


def relocate(ctx: Ctx, source: str, target: str, adjust: Write) -> None:
    """Move the server to `target`; `adjust` is done to the row there.

    Raises Cancelled when the server is gone.
    """
    if source == target:
        ctx.cloud.cells.database(target).transact(adjust)
        return
    for _ in range(TRIES):
        if _step(ctx, source, target, adjust):
            ctx.moved_to(target)
            return
    raise TimeoutError(f"Server {ctx.server_id} is written to all the time.")


def _step(ctx: Ctx, source: str, target: str, adjust: Write) -> bool:
    """Copy, point the mapping there, drop the old row; False if it was written to meanwhile."""
    server, actions = _read(ctx, source)
    if _is_stale(ctx, server, source, target):
        if server is None:
            raise Cancelled(f"Server {ctx.server_id} is gone.")
        _copy(ctx, server, actions, target, adjust)
        ctx.cloud.cells.api.transact(lambda conn: server_mappings.move(conn, server.id, target))
    return server is None or ctx.cloud.cells.database(source).transact(
        lambda conn: _drop(conn, server)
    )


def _is_stale(ctx: Ctx, server: Server | None, source: str, target: str) -> bool:
    """Whether the row in `target` is missing or older than the one in `source`."""
    with ctx.cloud.cells.api.read() as conn:
        mapping = server_mappings.get(conn, ctx.server_id)
    if mapping is None:
        raise Cancelled(f"Server {ctx.server_id} is gone.")
    if mapping.cell_id == source:
        return True
    if server is None:
        return False
    with ctx.cloud.cells.database(target).read() as conn:
        there = servers.get(conn, target, ctx.server_id, deleted=True)
    return there is None or _time(server) > _time(there)


def _time(server: Server) -> dt.datetime:
    return server.updated_at or server.created_at


def _read(ctx: Ctx, cell_id: str) -> tuple[Server | None, tuple[Action, ...]]:
    with ctx.cloud.cells.database(cell_id).read() as conn:
        server = servers.get(conn, cell_id, ctx.server_id)
        return server, server_actions.with_events(conn, ctx.server_id) if server else ()


def _copy(
    ctx: Ctx, server: Server, actions: tuple[Action, ...], target: str, adjust: Write
) -> None:
    def work(conn: Connection) -> None:
        servers.drop(conn, server.id)
        servers.add(conn, (server,))
        server_actions.put_in(conn, actions)
        adjust(conn)

    ctx.cloud.cells.database(target).transact(work)


def _drop(conn: Connection, server: Server) -> bool:
    if not servers.drop_unchanged(conn, server):
        return False
    server_actions.drop(conn, server.id)
    return True
