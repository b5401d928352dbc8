# SPDX-License-Identifier: Apache-2.0
"""A server is started or stopped: one order to its host, then its state follows."""

from __future__ import annotations

from typing import Any

from nova_appliance.actions.orders import VerbOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Ctx, Done, Out, Parked, Saga, Step, Write
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.db import servers
from nova_appliance.domain.guest import PowerState
from nova_appliance.domain.saga import Answer, SagaError
from nova_appliance.domain.server import Fault
from nova_appliance.rpc.orders import ServerOrder


def power_on(ctx: Ctx, _out: Out) -> Parked:
    """Let the host start the guest."""
    return _send(ctx, "power_on")


def power_off(ctx: Ctx, _out: Out) -> Parked:
    """Let the host stop the guest, politely first."""
    return _send(ctx, "power_off")


def _send(ctx: Ctx, name: str) -> Parked:
    server = ctx.living()
    host = server.host or ""
    timeout_s = ctx.cloud.conf.shutdown_timeout
    check_patience(ctx, name, host, timeout_s + ctx.cloud.conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket(name),
        server_id=server.id,
        guest=guests.guest_of(server, ctx.cloud.conf),
        timeout_s=timeout_s,
    )
    return Parked(name=name, host=host, order=order)


def is_on(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest runs."""
    return _settled(ctx, answer.result.get("power", int(PowerState.RUNNING)))


def is_off(ctx: Ctx, _out: Out, answer: Answer) -> Done:
    """The guest is off."""
    return _settled(ctx, answer.result.get("power", int(PowerState.SHUTDOWN)))


def _settled(ctx: Ctx, power: int) -> Done:
    return Done(
        result={"power": power},
        write=lambda conn: servers.settle(conn, ctx.server_id, ctx.order.verb, power=power),
    )


def failed(ctx: Ctx, error: SagaError) -> Write:
    """The server has no task any more; the fault says what its host said."""
    fault: Any = Fault(
        code=500,
        message=error.message,
        created_at=ctx.cloud.clock.now(),
        details=error.details,
    )
    return lambda conn: servers.give_up(conn, ctx.server_id, ctx.order.verb, fault)


START = Saga(
    name="start",
    order=VerbOrder,
    steps=(Step(name="power_on", do=power_on, then=is_on, event="compute_start_instance"),),
    failed=failed,
)

STOP = Saga(
    name="stop",
    order=VerbOrder,
    steps=(Step(name="power_off", do=power_off, then=is_off, event="compute_stop_instance"),),
    failed=failed,
)
