# SPDX-License-Identifier: Apache-2.0
"""A server is paused, suspended, let go on or interrupted: one order, then its state follows."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import VerbOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed
from nova_appliance.db import servers
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Fault
from nova_appliance.rpc.orders import ServerOrder


def send(ctx: Ctx, name: str) -> Parked:
    """Send the server's host an order of this name; its step has the same."""
    server = ctx.living()
    host, conf = server.host or "", ctx.cloud.conf
    check_patience(ctx, name, host, conf.conductor.build_timeout)
    guest = guests.guest_of(server, conf)
    order = ServerOrder(ticket=ctx.ticket(name), server_id=server.id, guest=guest)
    return Parked(name=name, host=host, order=order)


def _saga(name: str, power: PowerState) -> Saga:
    """Order, step, saga and verb have one name; `power` is what the host should report."""

    def do(ctx: Ctx, _out: Out) -> Parked:
        return send(ctx, name)

    def then(ctx: Ctx, _out: Out, answer: Answer) -> Done:
        fields = {"power": answer.result.get("power", int(power))}
        return Done(
            result=fields,
            write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, **fields),
        )

    step = Step(name=name, do=do, then=then, event=f"compute_{name}_instance")
    return Saga(name=name, order=VerbOrder, steps=(step,), failed=failed)


def interrupt(ctx: Ctx, _out: Out) -> Parked:
    """Let the host send the interrupt."""
    return send(ctx, "interrupt")


def interrupted(_ctx: Ctx, _out: Out, answer: Answer) -> dict[str, Any]:
    """The guest got it; what it does then is its own affair."""
    return {"power": answer.result.get("power", int(PowerState.RUNNING))}


def not_interrupted(ctx: Ctx, error: SagaError) -> Write:
    """The server stays as it is; the fault says what its host said."""
    now = ctx.cloud.clock.now()
    fault = Fault(code=500, message=error.message, created_at=now, details=error.details)
    return lambda conn: servers.change(conn, ctx.server_id, fault=fault)


PAUSE = _saga("pause", PowerState.PAUSED)
UNPAUSE = _saga("unpause", PowerState.RUNNING)
SUSPEND = _saga("suspend", PowerState.SHUTDOWN)
RESUME = _saga("resume", PowerState.RUNNING)
TRIGGER_CRASH_DUMP = Saga(
    name="trigger_crash_dump",
    order=VerbOrder,
    steps=(
        Step(
            name="interrupt",
            do=interrupt,
            then=interrupted,
            event="compute_trigger_crash_dump",
        ),
    ),
    failed=not_interrupted,
)
