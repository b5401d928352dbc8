# SPDX-License-Identifier: Apache-2.0
"""The host that a server moves to: chosen and claimed, written down, given back."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions import image_fit
from nova_appliance.actions.orders import MoveOrder
from nova_appliance.common import errors
from nova_appliance.conductor import host_choice, host_pair, ports
from nova_appliance.conductor.saga import Ctx, Done, HostFailed, Out
from nova_appliance.db import claims, hosts, server_migrations
from nova_appliance.db.engines import Connection
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.guest import Vif
from nova_appliance.domain.migration import ABORT, ENDED, Migration
from nova_appliance.domain.saga import SagaError
from nova_appliance.domain.server import Fault, Server
from nova_appliance.rpc.orders import Chosen


def migration_of(ctx: Ctx) -> Migration:
    """The row of the move. Raises NotFound."""
    with ctx.cloud.cells.database(ctx.cell_id).read() as conn:
        found = server_migrations.get(conn, ctx.cell_id, ctx.order.migration_id)
    if found is None:
        raise errors.NotFound(f"Migration {ctx.order.migration_id} is gone.")
    return found


def is_aborted(ctx: Ctx) -> bool:
    """Whether somebody wants the server to stay."""
    return migration_of(ctx).wanted == ABORT


def stop(conn: Connection, migration_id: str) -> None:
    """Let the source hear that the server is to stay."""
    server_migrations.change(conn, migration_id, wanted=ABORT)


def fault(ctx: Ctx, error: SagaError) -> Fault:
    """What the server's row says of a move that could not be done."""
    now = ctx.cloud.clock.now()
    earlier = [text for text in getattr(ctx.order, "said", ()) if text not in error.message]
    message = " ".join((error.message, *(f"Tried before: {text}" for text in earlier)))
    return Fault(code=500, message=message, created_at=now, details=error.details)


def source_id(ctx: Ctx, server: Server) -> str | None:
    """Id of the server's host; None when the host was removed."""
    with ctx.cloud.cells.api.read() as conn:
        here = hosts.list_(conn, hosts=[server.host or ""])
    return next((one.id for one in here if one.node == server.node), None)


def choose(ctx: Ctx, status: str) -> Done:
    """Ask the scheduler for a host other than those tried, which claims; the migration says so."""
    server, order = ctx.living(), ctx.order
    chosen = host_choice.choose(
        ctx,
        server,
        order.flavor,
        zone=server.pinned_zone,
        cell_id=server.cell_id,
        purpose=claims.MOVE,
        unfiltered=order.unfiltered,
    )
    return _written(ctx, server, chosen, status)


def _written(ctx: Ctx, server: Server, chosen: Chosen, status: str) -> Done:
    with ctx.cloud.cells.api.read() as conn:
        host = hosts.get(conn, chosen.host_id)
    result = host_choice.facts(chosen) | {
        "source_id": source_id(ctx, server),
        "source": {"host": server.host, "node": server.node, "zone": server.zone},
        "room": host_pair.room_of(host) if host else None,
    }
    there = {
        "target_host": chosen.host,
        "target_node": chosen.node,
        "target_address": host.inventory.host_ip if host else None,
    }
    return Done(
        result=result, write=lambda conn: turn(conn, ctx.order.migration_id, status, **there)
    )


def turn(conn: Connection, migration_id: str, status: str, **fields: Any) -> bool:
    """Set the status of a migration that goes on."""
    migration = server_migrations.get(conn, "", migration_id)
    if migration is None or migration.status in ENDED:
        return False
    return server_migrations.turn(conn, migration_id, (migration.status,), status, **fields)


def leave(ctx: Ctx, out: Out) -> None:
    """Give the second claim back, and remember a host that failed; one that a guest which runs does
    not suit did not fail.
    """
    chosen, error = out.get("choose_target"), ctx.saga.error
    failed = error is not None and error.retryable and ctx.order.verb != "os-migrateLive"

    def work(conn: Connection) -> None:
        hosts.release(conn, ctx.server_id, purpose=claims.MOVE)
        if chosen is not None and failed:
            hosts.build_failed(conn, chosen["host_id"])

    ctx.cloud.cells.api.transact(work)


def learn(ctx: Ctx, out: Out, error: SagaError) -> MoveOrder:
    """Another attempt leaves the host out that failed."""
    order: MoveOrder = ctx.order
    chosen = out.get("choose_target")
    if not chosen:
        return order
    tried = (*order.tried, chosen["host_id"])
    return msgspec.structs.replace(order, tried=tried, said=(*order.said, error.message))


def check_host(ctx: Ctx, host: str) -> None:
    """Raise HostFailed when a host that an order is for, or was sent to, is down."""
    if not ctx.is_up(host):
        raise HostFailed(f"Host {host} went down.", host, retryable=True)


def remembered(server: Server, vifs: tuple[Vif, ...], flavor: Flavor) -> dict[str, str]:
    """What the row remembers of a server with these ports and this flavor."""
    return image_fit.regrouped(ports.remember(server, vifs), server, flavor)
