# SPDX-License-Identifier: Apache-2.0
"""A server is switched off to be deleted later, or given back meanwhile.

It keeps its disks, ports, claims and its place in the quota until it is reclaimed.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.delete import SPARED
from nova_appliance.actions.orders import VerbOrder
from nova_appliance.conductor.saga import (
    Cancelled,
    Ctx,
    Done,
    Out,
    Parked,
    Saga,
    Step,
    Wait,
    follow_up,
)
from nova_appliance.conductor.sagas import power, rescue, take_down
from nova_appliance.conductor.sagas.suspension import send
from nova_appliance.db import sagas, server_migrations, servers
from nova_appliance.domain import rescue as rescues
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.migration import FINISHED
from nova_appliance.domain.saga import Answer

PAUSE_S = 0.2
"""Between looks whether the server's other sagas have ended."""


def stop_others(ctx: Ctx, _out: Out) -> None:
    """Turn back what else goes on with the server, or wait for it; its deletion for good comes first."""
    cell_id = ctx.look_where()
    database = ctx.cloud.cells.database(cell_id)
    with database.read() as conn:
        if any(name == "delete" for _, name in sagas.open_of(conn, ctx.server_id)):
            raise Cancelled("The server is deleted for good.")
    but = ("soft_delete", SPARED)
    if database.transact(lambda conn: sagas.cancel_others(conn, ctx.server_id, *but)):
        raise Wait(PAUSE_S)


def power_off(ctx: Ctx, out: Out) -> Parked | Done:
    """Let the host stop the guest; a server that has left its host meanwhile goes for good."""
    if ctx.living().host is not None:
        return power.power_off(ctx, out)
    deletion = follow_up(ctx, "delete", VerbOrder(verb="delete"))

    def write(conn: Any) -> None:
        known = {name for _, name in sagas.open_of(conn, ctx.server_id)}
        if "delete" not in known and servers.move(conn, ctx.server_id, "delete"):
            sagas.add(conn, (deletion,))

    return Done(write=write)


def is_off(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """From now on the server waits to be reclaimed."""
    fields = {
        "power": answer.result.get("power", int(PowerState.SHUTDOWN)),
        "deleted_at": ctx.cloud.clock.now(),
    }
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, **fields))


def power_on(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host start the guest from its own disks; without a host there is none."""
    server = ctx.living()
    if server.host is None:
        return _back(ctx, PowerState.NOSTATE)
    if rescues.of(server.system_metadata) is not None:
        return rescue.leave(ctx, "power_on")
    return send(ctx, "power_on")


def is_back(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The server runs; one that was resized waits for its confirmation as it did."""
    return _back(ctx, answer.result.get("power", int(PowerState.RUNNING)))


def _back(ctx: Ctx, power_now: int) -> Done:
    take_down.discard(ctx, ctx.living())
    fields: dict[str, Any] = {"power": int(power_now), "deleted_at": None}

    def write(conn: Any) -> None:
        servers.lock(conn, ctx.server_id)
        server = servers.get(conn, ctx.cell_id, ctx.server_id)
        if server is None:
            raise Cancelled("The server is gone.")
        known = rescues.forgotten(shelves.taken_down(server.system_metadata))
        waits = server_migrations.latest(conn, ctx.cell_id, server.id, (FINISHED,))
        end = "resized" if waits else None
        servers.settle(conn, server.id, ctx.order.verb, end=end, system_metadata=known, **fields)

    return Done(write=write)


SOFT_DELETE = Saga(
    name="soft_delete",
    order=VerbOrder,
    steps=(
        Step(name="stop_others", do=stop_others),
        Step(name="power_off", do=power_off, then=is_off, event="compute_soft_delete_instance"),
    ),
    failed=power.failed,
)

RESTORE = Saga(
    name="restore",
    order=VerbOrder,
    steps=(Step(name="power_on", do=power_on, then=is_back, event="compute_restore_instance"),),
    failed=power.failed,
)
