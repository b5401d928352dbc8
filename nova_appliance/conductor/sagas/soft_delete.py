# SPDX-License-Identifier: Apache-2.0
"""A server is switched off to be deleted later, or given back meanwhile.

It keeps its disks, ports, claims and its place in the quota until it is reclaimed.
"""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import VerbOrder
from nova_appliance.conductor.saga import Cancelled, Ctx, Done, Out, Parked, Saga, Step, Wait
from nova_appliance.conductor.sagas.power import failed, power_off
from nova_appliance.conductor.sagas.suspension import send
from nova_appliance.db import sagas, servers
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer

PAUSE_S = 0.2
"""Between looks whether the server's other sagas have ended."""


def stop_others(ctx: Ctx, _out: Out) -> None:
    """Turn back what else goes on with the server; its deletion for good comes first."""
    cell_id = ctx.look_where()
    database = ctx.cloud.cells.database(cell_id)
    with database.read() as conn:
        if any(name == "delete" for _, name in sagas.open_of(conn, ctx.server_id)):
            raise Cancelled("The server is deleted for good.")
    if database.transact(lambda c: sagas.cancel_others(c, ctx.server_id, but="soft_delete")):
        raise Wait(PAUSE_S)


def is_off(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """From now on the server waits to be reclaimed."""
    fields = {
        "power": answer.result.get("power", int(PowerState.SHUTDOWN)),
        "deleted_at": ctx.cloud.clock.now(),
    }
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, **fields))


def power_on(ctx: Ctx, _out: Out) -> Parked | Done:
    """Let the host start the guest; without a host there is none."""
    return send(ctx, "power_on") if ctx.living().host else _back(ctx, PowerState.NOSTATE)


def is_back(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The server is as it was, and runs."""
    return _back(ctx, answer.result.get("power", int(PowerState.RUNNING)))


def _back(ctx: Ctx, power: int) -> Done:
    fields: dict[str, Any] = {"power": int(power), "deleted_at": None}
    return Done(write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, **fields))


SOFT_DELETE = Saga(
    name="soft_delete",
    order=VerbOrder,
    steps=(
        Step(name="stop_others", do=stop_others),
        Step(name="power_off", do=power_off, then=is_off, event="compute_soft_delete_instance"),
    ),
    failed=failed,
)

RESTORE = Saga(
    name="restore",
    order=VerbOrder,
    steps=(Step(name="power_on", do=power_on, then=is_back, event="compute_restore_instance"),),
    failed=failed,
)
