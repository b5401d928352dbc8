# SPDX-License-Identifier: Apache-2.0
"""A server whose host is down is made anew on another one. What is left on the old host goes when
that host comes back and asks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.actions.orders import MoveOrder
from nova_appliance.conductor import attachments, guests, ports, targets
from nova_appliance.conductor.saga import (
    Cancelled,
    Ctx,
    Done,
    Out,
    Parked,
    Saga,
    Step,
    Wait,
    Write,
)
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.delete import PAUSE_S
from nova_appliance.conductor.sagas.resize import COPY_S, bind_back
from nova_appliance.db import claims, hosts, sagas, servers
from nova_appliance.db.engines import Connection
from nova_appliance.domain.guest import PowerState, Vif
from nova_appliance.domain.journey import Journey
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ServerOrder

VERB = "evacuate"


def stop_others(ctx: Ctx, _out: Out) -> None:
    """Turn back what the down host left undone; a deletion comes first."""
    database = ctx.cloud.cells.database(ctx.look_where())
    with database.read() as conn:
        if any(name == "delete" for _, name in sagas.open_of(conn, ctx.server_id)):
            raise Cancelled("The server is deleted.")
    if database.transact(lambda conn: sagas.cancel_others(conn, ctx.server_id, but=VERB)):
        raise Wait(PAUSE_S)


def choose_target(ctx: Ctx, _out: Out) -> Done:
    """Ask the scheduler, which claims."""
    return targets.choose(ctx, "pre-migrating")


def bind_ports(ctx: Ctx, out: Out) -> Done:
    """Bind the ports to the target."""
    chosen = out["choose_target"]
    vifs = ports.rebind(ctx.cloud.networks, ctx.living(), chosen["host"], chosen["zone"])
    return Done(
        result=msgspec.to_builtins(vifs), write=_advance(ctx, "rebuild_block_device_mapping")
    )


def let_volumes_go(ctx: Ctx, _out: Out) -> Done:
    """Let the target ask for its way to the volumes; the old host is down and holds none."""
    return Done(write=attachments.renew(ctx, ctx.living()))


def rebuild_there(ctx: Ctx, out: Out) -> Parked:
    """Let the target make the guest."""
    server, host = ctx.living(), out["choose_target"]["host"]
    check_patience(ctx, "rebuild_there", host, COPY_S)
    vifs = msgspec.convert(out["bind_ports"], tuple[Vif, ...])
    there = msgspec.structs.replace(server, system_metadata=ports.remember(server, vifs))
    order = _order(ctx, server, host)
    order = msgspec.structs.replace(
        order,
        guest=guests.new_guest(ctx.cloud, there, (), ctx.order.password),
        image=server.image,
        power_on=ctx.order.ends == "active",
    )
    write = _advance(ctx, "rebuild_spawning")
    return Parked(name="rebuild_here", host=host, order=order, write=write)


def is_there(_ctx: Ctx, _out: Out, answer: Answer) -> dict[str, Any]:
    """The guest is there."""
    power = answer.result.get("power", int(PowerState.SHUTDOWN))
    return {"power": power, "ways": answer.result.get("connections", {})}


def abandon(ctx: Ctx, out: Out) -> Parked | None:
    """Let the target forget the guest; a host that is down does so when it is back."""
    server, host = ctx.server(), out["choose_target"]["host"]
    if server is None or not ctx.is_up(host):
        return None
    return Parked(name="abandon", host=host, order=_order(ctx, server, host))


def finish(ctx: Ctx, out: Out) -> Done:
    """The server lives at the target; its old host has no part in it."""
    server, chosen = ctx.living(), out["choose_target"]

    def claim(conn: Connection) -> None:
        claims.arrive(conn, server.id, chosen["source_id"], chosen["host_id"])
        hosts.release(conn, server.id, purpose=claims.KEPT)
        hosts.settle(conn, server.id)

    vifs = msgspec.convert(out["bind_ports"], tuple[Vif, ...])
    fields = {
        "host": chosen["host"],
        "node": chosen["node"],
        "zone": chosen["zone"],
        "system_metadata": ports.remember(server, vifs),
        "power": out["rebuild_there"]["power"],
        "fault": None,
    }

    def write(conn: Connection) -> None:
        if not servers.settle(conn, server.id, VERB, end=ctx.order.ends, **fields):
            raise Cancelled("The server is wanted for something else.")
        servers.change(conn, server.id, host=chosen["host"])  # its consoles are elsewhere now
        attachments.connected(ctx, out["rebuild_there"]["ways"])(conn)
        targets.turn(conn, ctx.order.migration_id, "done")
        ctx.cloud.cells.api.transact(claim)

    return Done(write=write)


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server is in error on its old host, and may be evacuated again."""
    fault = targets.fault(ctx, error)

    def write(conn: Connection) -> None:
        targets.turn(conn, ctx.order.migration_id, "failed")
        servers.give_up(conn, ctx.server_id, VERB, fault)

    return write


def _order(ctx: Ctx, server: Server, host: str) -> ServerOrder:
    journey = Journey(source=server.host or "", target=host)
    ticket = ctx.ticket("rebuild_there")
    return ServerOrder(ticket=ticket, server_id=server.id, journey=journey)


def _advance(ctx: Ctx, task: str) -> Write:
    def write(conn: Connection) -> None:
        if not servers.advance(conn, ctx.server_id, VERB, task):
            raise Cancelled("The server is wanted for something else.")

    return write


EVACUATE = Saga(
    name="evacuate",
    order=MoveOrder,
    steps=(
        Step(name="stop_others", do=stop_others),
        Step(
            name="choose_target",
            do=choose_target,
            undo=targets.leave,
            event="conductor_rebuild_server",
        ),
        Step(name="let_volumes_go", do=let_volumes_go, undo=let_volumes_go),
        Step(name="bind_ports", do=bind_ports, undo=bind_back),
        Step(
            name="rebuild_there",
            do=rebuild_there,
            then=is_there,
            undo=abandon,
            event="compute_rebuild_instance",
        ),
        Step(name="finish", do=finish),
    ),
    failed=failed,
    learn=targets.learn,
)
